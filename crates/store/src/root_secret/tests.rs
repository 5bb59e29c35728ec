use super::*;
use secrecy::ExposeSecret;

const HEX: &str = "8f3a1c5b7d9e2f4061728394a5b6c7d8e9fa0b1c2d3e4f506172f394a5b6c7d1";

#[test]
fn reads_hex_base64_and_text() {
    let hex = RootSecret::parse(HEX).unwrap();
    assert_eq!(hex.expose().len(), 32);
    assert_eq!(hex.expose()[0], 0x8f);
    let base64 = RootSecret::parse(hex.to_text().expose_secret()).unwrap();
    assert_eq!(base64.expose(), hex.expose());
    let url_safe = RootSecret::parse(URL_SAFE_NO_PAD.encode(hex.expose()).as_str()).unwrap();
    assert_eq!(url_safe.expose(), hex.expose());
    let text = RootSecret::parse("a sentence that only I know, with 7 herrings\n").unwrap();
    assert_eq!(text.expose(), b"a sentence that only I know, with 7 herrings");
    // 40 letters decode to 30 bytes of base64: too few, so they are taken as the text that they are.
    assert_eq!(RootSecret::parse("qwertzuiopasdfghjklyxcvbnmQWERTZUIOPASDF").unwrap().expose().len(), 40);
}

#[test]
fn a_generated_one_survives_its_text_and_is_never_the_same() {
    let (one, other) = (RootSecret::generate().unwrap(), RootSecret::generate().unwrap());
    assert_ne!(one.expose(), other.expose());
    assert_eq!(RootSecret::parse(&format!("{}\n", one.to_text().expose_secret())).unwrap().expose(), one.expose());
}

#[test]
fn refuses_short_and_well_known_ones_and_says_how_to_make_one() {
    let refused = [
        "",
        "   ",
        "short",
        "0123456789abcdef0123456789abcdef",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "changeme-changeme-changeme-changeme-1",
        "my-Password-is-long-enough-for-this-1!",
        "abcdefgh!?abcdefgh!?abcdefgh!?abcdefgh!?",
        "ababababcabababababababababababababab",
    ];
    for text in refused {
        let error = RootSecret::parse(text).unwrap_err();
        assert!(error.to_string().contains("openssl rand -base64 32"), "{text}: {error}");
        assert!(text.trim().is_empty() || !error.to_string().contains(text.trim()), "{error}");
    }
    assert_eq!(RootSecret::parse(&HEX[..40]).unwrap_err(), RootSecretError::TooShort(20), "hex digits are counted as hex");
    assert_eq!(RootSecret::parse("elevenchars").unwrap_err(), RootSecretError::TooShort(11));
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(format!("{:?}", RootSecret::parse(HEX).unwrap()), "RootSecret([redacted])");
}
