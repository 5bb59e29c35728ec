//! Embeddings: unit vectors made from the text, the same for the same text.

use super::check::{self, Object};
use super::{Flavour, models, refusal::Refusal};
use crate::answer::Answer;
use crate::{digest, tokens};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const KNOWN: &[&str] = &["input", "model", "dimensions", "encoding_format", "user"];
const MOST_INPUTS: usize = 2048;
const MOST_TOKENS: u64 = 8192;

pub(super) fn answer(body: &Object, model: &str, flavour: Flavour) -> Result<Answer, Refusal> {
    if let Some(unknown) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Refusal::unknown_parameter(unknown));
    }
    let whole = models::dimensions(model, flavour).ok_or_else(|| Refusal::no_such_model(model))?;
    let dimensions = dimensions(body, model, whole)?;
    let encoding = check::choice(body, "encoding_format", &["float", "base64"])?.unwrap_or("float");
    let inputs = inputs(check::given(body, "input").ok_or_else(|| Refusal::missing("input"))?)?;
    let mut prompt_tokens = 0;
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            prompt_tokens += input.tokens;
            json!({ "object": "embedding", "index": index, "embedding": encode(&vector(input.digest, dimensions), encoding) })
        })
        .collect();
    let usage = json!({ "prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens });
    Ok(Answer::json(200, &json!({ "object": "list", "data": data, "model": model, "usage": usage })))
}

fn dimensions(body: &Object, model: &str, whole: usize) -> Result<usize, Refusal> {
    let Some(asked) = check::integer(body, "dimensions", 1, i64::MAX)? else { return Ok(whole) };
    if model.ends_with("ada-002") {
        return Err(Refusal::new(400, "This model does not support specifying dimensions.".to_owned()));
    }
    match usize::try_from(asked) {
        Ok(asked) if asked <= whole => Ok(asked),
        _ => Err(Refusal::new(400, format!("Invalid value for 'dimensions' = {asked}. Must be less than or equal to {whole}."))
            .param("dimensions")),
    }
}

struct Input {
    digest: u64,
    tokens: u64,
}

fn inputs(value: &Value) -> Result<Vec<Input>, Refusal> {
    let invalid = || {
        Refusal::new(
            400,
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.".to_owned(),
        )
    };
    let inputs = match value {
        Value::String(text) => vec![of_text(text)?],
        Value::Array(items) if items.is_empty() || items.len() > MOST_INPUTS => return Err(invalid()),
        Value::Array(items) if items.iter().all(Value::is_u64) => vec![of_tokens(items)],
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => of_text(text),
                Value::Array(tokens) if !tokens.is_empty() && tokens.iter().all(Value::is_u64) => Ok(of_tokens(tokens)),
                _ => Err(invalid()),
            })
            .collect::<Result<_, _>>()?,
        _ => return Err(invalid()),
    };
    match inputs.iter().find(|input| input.tokens > MOST_TOKENS) {
        Some(long) => Err(Refusal::new(
            400,
            format!(
                "This model's maximum context length is {MOST_TOKENS} tokens, however you requested {} tokens ({} in your prompt; 0 for the completion). Please reduce your prompt; or completion length.",
                long.tokens, long.tokens
            ),
        )),
        None => Ok(inputs),
    }
}

fn of_text(text: &str) -> Result<Input, Refusal> {
    if text.is_empty() {
        return Err(Refusal::new(400, "'$.input' is invalid: an input must not be an empty string.".to_owned()).param("input"));
    }
    Ok(Input { digest: digest::of(0, "text", text.as_bytes()), tokens: tokens::of_input(text) })
}

fn of_tokens(items: &[Value]) -> Input {
    let digest = items.iter().filter_map(Value::as_u64).fold(1, |state, token| digest::mix(state ^ token));
    Input { digest, tokens: items.len() as u64 }
}

/// A vector of length one.
fn vector(digest: u64, dimensions: usize) -> Vec<f32> {
    let mut state = digest;
    let raw: Vec<f64> = (0..dimensions)
        .map(|_| {
            state = digest::mix(state);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        })
        .collect();
    let length = raw.iter().map(|value| value * value).sum::<f64>().sqrt();
    raw.into_iter().map(|value| (value / length) as f32).collect()
}

fn encode(vector: &[f32], encoding: &str) -> Value {
    if encoding == "base64" {
        let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
        return Value::String(STANDARD.encode(bytes));
    }
    vector.iter().map(|value| Value::from(*value)).collect()
}
