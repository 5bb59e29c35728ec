//! `conduit chat`: one streamed answer through the running gateway, printed as it comes.

mod answer;

use crate::commands::client::{Client, encoded, text};
use crate::commands::{DEFAULT_URL, Where, given_url};
use crate::config::{Environment, secret};
use crate::failure::Failure;
use crate::output;
use answer::{Answer, Progress};
use bytes::Bytes;
use clap::Args;
use gateway::egress::Egress;
use gateway::ports::{SendFault, SendFaultKind, Upstream, UpstreamBody};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// What to say.
    message: String,
    /// The virtual model to ask.
    #[arg(long, value_name = "MODEL", default_value = "demo-chat")]
    model: String,
    /// A virtual key, or a reference to one: env:NAME, file:/path. Without it a key of five minutes is made.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The data directory of a gateway on this machine. Default: CONDUIT_DATA_DIR, else ./data.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// An error's body is one short JSON document.
const MAX_ERROR: usize = 1 << 20;
/// How long a key lives that was made for one question; it is removed after the answer.
const BORROWED: &str = "5m";

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    match &arguments.key {
        Some(key) => {
            let key = secret::resolve(key, environment).map_err(|message| Failure::usage(format!("--key: {message}")))?;
            let url = given_url(environment)?.unwrap_or_else(|| DEFAULT_URL.to_owned());
            ask(&url, arguments, &key)
        }
        None => with_borrowed_key(arguments, environment),
    }
}

/// Makes a key for this question alone. Where it cannot be removed afterwards it ends by itself.
fn with_borrowed_key(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let place = Where { data_dir: arguments.data_dir.clone(), json: false };
    let client = Client::connect(&place, environment)?;
    let mut random = [0u8; 6];
    getrandom::fill(&mut random).map_err(|error| Failure::failed(format!("the system gives no random numbers: {error}")))?;
    let name = random.iter().fold("conduit-chat-".to_owned(), |name, byte| format!("{name}{byte:02x}"));
    let wish = serde_json::json!({ "name": name, "models": [arguments.model], "expires_in": BORROWED });
    let made = client.post("virtual-keys", &wish)?;
    let Some(secret) = made.get("secret").and_then(serde_json::Value::as_str) else {
        return Err(Failure::failed("the gateway made a key and did not show it: is it of this version?"));
    };
    let asked = ask(client.url(), arguments, &SecretString::from(secret));
    let _ = client.delete(&format!("virtual-keys/{}", encoded(&text(&made, "/id"))), None);
    asked
}

fn ask(url: &str, arguments: &Arguments, key: &SecretString) -> Result<(), Failure> {
    let request = request(url, arguments, key)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(converse(url, request))
}

fn request(url: &str, arguments: &Arguments, key: &SecretString) -> Result<Request<Bytes>, Failure> {
    let body = serde_json::json!({
        "model": arguments.model,
        "messages": [{ "role": "user", "content": arguments.message }],
        "stream": true,
    });
    let mut bearer = http::HeaderValue::try_from(format!("Bearer {}", key.expose_secret()))
        .map_err(|_| Failure::usage("--key: has a character that a header cannot carry"))?;
    bearer.set_sensitive(true);
    Request::post(format!("{url}/v1/chat/completions"))
        .header(http::header::AUTHORIZATION, bearer)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body.to_string()))
        .map_err(|error| Failure::usage(format!("CONDUIT_URL: {error}")))
}

async fn converse(url: &str, request: Request<Bytes>) -> Result<(), Failure> {
    let client = upstream::Client::new(upstream::Options::default()).map_err(Failure::failed)?;
    // The gateway usually stands on this machine or in this network, and the person names it.
    let egress = Egress { allow_private_network: true, connect_timeout: Duration::from_secs(5), in_process: false };
    let response = client.send(request, &egress).await.map_err(|fault| unreachable(url, &fault))?;
    if response.status() == StatusCode::OK { print_stream(response.into_body()).await } else { Err(refused(response).await) }
}

fn unreachable(url: &str, fault: &SendFault) -> Failure {
    let advice = match fault.kind {
        SendFaultKind::Connect | SendFaultKind::ConnectTimeout => "\nIs `conduit serve` running there? CONDUIT_URL says where it is",
        _ => "",
    };
    Failure::failed(format!("Conduit at {url} cannot be reached: {}{advice}", fault.cause))
}

async fn refused(response: Response<UpstreamBody>) -> Failure {
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ERROR).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let message = answer::error_message(&body).unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned());
    let advice = if status == StatusCode::UNAUTHORIZED { "\nLeave --key out, and a key of five minutes is made" } else { "" };
    Failure::failed(format!("{}: {message}{advice}", status.as_u16()))
}

async fn print_stream(mut body: UpstreamBody) -> Result<(), Failure> {
    let mut answer = Answer::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| cut(answer.has_begun(), &error.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        match answer.take(data) {
            Progress::Text(text) => output::print(&text).map_err(Failure::failed)?,
            Progress::Failed { text, message } => {
                let begun = !text.is_empty();
                output::print(&text).map_err(Failure::failed)?;
                return Err(cut(begun || answer.has_begun(), &message));
            }
        }
    }
    if !answer.is_complete() {
        return Err(cut(answer.has_begun(), "the stream ended before the answer did"));
    }
    output::print("\n").map_err(Failure::failed)
}

/// A message of its own line, after what has been printed.
fn cut(begun: bool, message: &str) -> Failure {
    Failure::failed(format!("{}{message}", if begun { "\n" } else { "" }))
}

#[cfg(test)]
mod tests;
