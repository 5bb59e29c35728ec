//! OpenAI's error bodies, word for word where the words are known.

use crate::answer::Answer;
use http::Method;
use serde_json::{Value, json};
use std::borrow::Cow;

#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    pub(crate) kind: &'static str,
    pub(crate) param: Option<Cow<'static, str>>,
    pub(crate) code: Option<Cow<'static, str>>,
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: String) -> Self {
        Self { status, message, kind: "invalid_request_error", param: None, code: None, retry_after: None }
    }

    pub(crate) fn param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub(crate) fn code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    pub(crate) fn missing(path: &str) -> Self {
        Self::new(400, format!("Missing required parameter: '{path}'.")).param(path.to_owned()).code("missing_required_parameter")
    }

    pub(crate) fn invalid_type(path: &str, expected: &str, got: &Value) -> Self {
        let message = format!("Invalid type for '{path}': expected {expected}, but got {} instead.", kind_of(got));
        Self::new(400, message).param(path.to_owned()).code("invalid_type")
    }

    pub(crate) fn invalid_value(path: &str, got: &str, supported: &[&str]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|value| format!("'{value}'")).collect();
        let message = format!("Invalid value: '{got}'. Supported values are: {}.", enumerate(&quoted));
        Self::new(400, message).param(path.to_owned()).code("invalid_value")
    }

    /// `problem` says what is wrong: `empty array. Expected ...`.
    pub(crate) fn invalid(path: &str, problem: &str, code: &'static str) -> Self {
        Self::new(400, format!("Invalid '{path}': {problem}")).param(path.to_owned()).code(code)
    }

    pub(crate) fn unknown_parameter(name: &str) -> Self {
        Self::new(400, format!("Unrecognized request argument supplied: {name}")).param(name.to_owned()).code("unknown_parameter")
    }

    pub(crate) fn unsupported_parameter(name: &str, remedy: &str) -> Self {
        let message = format!("Unsupported parameter: '{name}' is not supported with this model.{remedy}");
        Self::new(400, message).param(name.to_owned()).code("unsupported_parameter")
    }

    pub(crate) fn unsupported_value(name: &str, got: &str, remedy: &str) -> Self {
        let message = format!("Unsupported value: '{name}' does not support {got} with this model.{remedy}");
        Self::new(400, message).param(name.to_owned()).code("unsupported_value")
    }

    pub(crate) fn no_such_model(model: &str) -> Self {
        Self::new(404, format!("The model `{model}` does not exist or you do not have access to it.")).code("model_not_found")
    }

    pub(crate) fn unknown_url(method: &Method, path: &str) -> Self {
        Self { code: None, ..Self::new(404, format!("Invalid URL ({method} {path})")) }
    }

    pub(crate) fn no_key() -> Self {
        Self::new(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: \
             Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a \
             username and password. You can obtain an API key from https://platform.openai.com/account/api-keys."
                .to_owned(),
        )
    }

    pub(crate) fn wrong_key(key: &str) -> Self {
        let message = format!(
            "Incorrect API key provided: {}. You can find your API key at https://platform.openai.com/account/api-keys.",
            masked(key)
        );
        Self::new(401, message).code("invalid_api_key")
    }

    /// What the provider says for a status that a fault word asks for; `code` chooses where a status has several.
    pub(crate) fn of_status(status: u16, code: Option<&str>, retry_after: Option<u64>) -> Self {
        let (kind, usual_code, message) = match (status, code) {
            (
                429,
                Some(
                    "insufficient_quota"
                    | "credit_balance_exhausted"
                    | "organization_spend_limit_exceeded"
                    | "project_spend_limit_exceeded",
                ),
            ) => (
                "insufficient_quota",
                code,
                "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: \
                 https://platform.openai.com/docs/guides/error-codes/api-errors.",
            ),
            (429, Some("slow_down")) => ("rate_limit_error", code, "Slow down."),
            (429, _) => (
                "requests",
                Some("rate_limit_exceeded"),
                "Rate limit reached for gpt-4o in organization simulated on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms. \
                 Visit https://platform.openai.com/account/rate-limits to learn more.",
            ),
            (401, _) => (
                "invalid_request_error",
                Some("invalid_api_key"),
                "Incorrect API key provided: sim-****. You can find your API key at https://platform.openai.com/account/api-keys.",
            ),
            (403, _) => {
                ("invalid_request_error", Some("unsupported_country_region_territory"), "Country, region, or territory not supported")
            }
            (404, _) => ("invalid_request_error", Some("model_not_found"), "The model does not exist or you do not have access to it."),
            (503, _) => {
                ("service_unavailable_error", Some("server_is_overloaded"), "The engine is currently overloaded, please try again later")
            }
            (400, Some("context_length_exceeded")) => (
                "invalid_request_error",
                code,
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 128001 tokens. Please reduce the length of the messages.",
            ),
            (500.., _) => ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
            _ => ("invalid_request_error", None, "The request was refused because the simulator was asked to refuse it."),
        };
        let code = code.or(usual_code).map(|code| Cow::Owned(code.to_owned()));
        Self { status, message: message.to_owned(), kind, param: None, code, retry_after }
    }

    pub(crate) fn body(&self) -> Value {
        json!({ "error": { "message": self.message, "type": self.kind, "param": self.param, "code": self.code } })
    }

    pub(crate) fn into_answer(self) -> Answer {
        let answer = Answer::json(self.status, &self.body());
        match self.retry_after {
            Some(seconds) => answer.header("retry-after", &seconds.to_string()),
            None => answer,
        }
    }
}

/// `sk-inval****-key`: what OpenAI shows of a wrong key.
fn masked(key: &str) -> String {
    let count = key.chars().count();
    if count <= 12 {
        return "*".repeat(count);
    }
    let head: String = key.chars().take(8).collect();
    let tail: String = key.chars().skip(count - 4).collect();
    format!("{head}{}{tail}", "*".repeat(count - 12))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn enumerate(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    }
}
