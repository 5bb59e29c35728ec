//! Signatures of thinking blocks: made here, and checked when a block comes back.

use crate::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The signature of a block with this visible text; `model` where it holds for one model only.
pub(super) fn sign(thinking: &str, model: Option<&str>) -> String {
    let seal = digest::of(0x7468_696E, model.unwrap_or("any"), thinking.as_bytes());
    let text = format!("simulated-thinking:{seal:016x}:{}", digest::hex(seal, "signature", 48));
    STANDARD.encode(text)
}

pub(super) fn holds(signature: &str, thinking: &str, model: Option<&str>) -> bool {
    signature == sign(thinking, model)
}

/// The `data` of a redacted block.
pub(super) fn redact(thinking: &str) -> String {
    let seal = digest::of(0x7265_6461, "redacted", thinking.as_bytes());
    STANDARD.encode(format!("{REDACTED}{seal:016x}:{}", digest::hex(seal, "redacted", 16)))
}

const REDACTED: &str = "simulated-redacted:";

pub(super) fn is_redacted(data: &str) -> bool {
    let decoded = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let parts = decoded.strip_prefix(REDACTED).and_then(|rest| rest.split_once(':'));
    parts.is_some_and(|(seal, check)| u64::from_str_radix(seal, 16).is_ok_and(|seal| digest::hex(seal, "redacted", 16) == check))
}
