//! `conduit healthcheck`: exit code 0 where the gateway is ready; for containers and scripts, without a key.

use super::target::{self, DEFAULT_URL};
use super::{Target, Where};
use crate::config::Environment;
use crate::failure::Failure;
use crate::output;
use bytes::Bytes;
use clap::Args;
use gateway::egress::Egress;
use gateway::ports::Upstream;
use http::Request;
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Only whether the process answers, not whether it serves.
    #[arg(long)]
    live: bool,
    /// How long to wait.
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    timeout: u64,
    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let url = url(&arguments.place, environment)?;
    let path = if arguments.live { "/health/live" } else { "/health/ready" };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    let patience = Duration::from_secs(arguments.timeout.max(1));
    let answered = runtime.block_on(async { tokio::time::timeout(patience, ask(&format!("{url}{path}"), patience)).await });
    let (status, body) = answered.map_err(|_| Failure::failed(format!("{url} has not answered within {} s", patience.as_secs())))??;
    let healthy = status == 200;
    if arguments.place.json {
        output::json(&json!({ "url": url, "healthy": healthy, "answer": serde_json::from_slice::<Value>(&body).ok() }))?;
    }
    match healthy {
        true if arguments.place.json => Ok(()),
        true => output::print(&format!("{url} is {}\n", if arguments.live { "alive" } else { "ready" })).map_err(Failure::failed),
        false => Err(Failure::failed(format!("{url} is not ready{}", reasons(&body)))),
    }
}

/// The address of `CONDUIT_URL`, of this machine's gateway, or the usual one with the port of `PORT`.
fn url(place: &Where, environment: &Environment) -> Result<String, Failure> {
    if let Some(url) = target::given_url(environment)? {
        return Ok(url);
    }
    if let Ok(target) = Target::find(place, environment)
        && target.origin != target::Origin::MasterKey
    {
        return Ok(target.url);
    }
    Ok(match environment.get("PORT") {
        Ok(Some(port)) if port.parse::<u16>().is_ok() => format!("http://127.0.0.1:{port}"),
        _ => DEFAULT_URL.to_owned(),
    })
}

async fn ask(url: &str, patience: Duration) -> Result<(u16, Bytes), Failure> {
    const MOST: usize = 64 << 10;
    let client = upstream::Client::new(upstream::Options::default()).map_err(Failure::failed)?;
    let request = Request::get(url).body(Bytes::new()).map_err(Failure::usage)?;
    let egress = Egress { allow_private_network: true, connect_timeout: patience, in_process: false };
    let answer = client.send(request, &egress).await;
    let answer = answer.map_err(|fault| Failure::failed(format!("{url} cannot be reached: {}", fault.cause)))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MOST).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok((status, body))
}

fn reasons(body: &[u8]) -> String {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let reasons = answer.as_ref().and_then(|answer| answer.get("reasons")?.as_array());
    let reasons: Vec<&str> = reasons.into_iter().flatten().filter_map(Value::as_str).collect();
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) }
}
