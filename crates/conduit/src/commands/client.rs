//! Asks the admin API and tells its refusals in plain words.

use super::target::{Origin, Target, Where};
use crate::config::Environment;
use crate::failure::Failure;
use bytes::Bytes;
use gateway::egress::Egress;
use gateway::ports::{SendFault, SendFaultKind, Upstream};
use http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Pages are far smaller.
const MAX_ANSWER: usize = 64 << 20;
/// Tests of providers may take their time; nothing else does.
const PATIENCE: Duration = Duration::from_secs(120);
const PAGE: usize = 1_000;

/// A connection to one gateway's admin API.
pub(crate) struct Client {
    target: Target,
    http: upstream::Client,
    runtime: Runtime,
}

/// What the API says when it refuses.
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Deserialize)]
struct FieldError {
    field: String,
    problem: String,
    remedy: String,
}

impl Client {
    pub(crate) fn connect(place: &Where, environment: &Environment) -> Result<Self, Failure> {
        Self::to(Target::find(place, environment)?)
    }

    pub(crate) fn to(target: Target) -> Result<Self, Failure> {
        let http = upstream::Client::new(upstream::Options::default()).map_err(Failure::failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
        Ok(Self { target, http, runtime })
    }

    pub(crate) fn url(&self) -> &str {
        &self.target.url
    }

    /// The path is below `/admin/v1`.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, None, Some(body))
    }

    /// As [`Self::post`], for an object that was read at that version.
    pub(crate) fn post_at(&self, path: &str, version: Option<i64>, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, version, Some(body))
    }

    /// For what needs no word more than its path.
    pub(crate) fn post_empty(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::POST, path, None, None)
    }

    /// Changes what was read at that version; a change by somebody else in between is refused.
    pub(crate) fn patch(&self, path: &str, version: Option<i64>, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::PATCH, path, version, Some(body))
    }

    pub(crate) fn delete(&self, path: &str, version: Option<i64>) -> Result<(), Failure> {
        self.ask(Method::DELETE, path, version, None).map(drop)
    }

    /// Every entry of a list, page by page. The path may have a query.
    pub(crate) fn all(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let mut entries = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let from = after.as_deref().map(|after| format!("&after={}", encoded(after))).unwrap_or_default();
            let mut page = self.get(&format!("{path}{joint}limit={PAGE}{from}"))?;
            match page.get_mut("data").map(Value::take) {
                Some(Value::Array(data)) => entries.extend(data),
                _ => return Err(self.misunderstood("a list without `data`")),
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = Some(next.to_owned()),
                None => return Ok(entries),
            }
        }
    }

    /// The one object of this name or id. A name that is also the id of another object could mean either, and is refused.
    pub(crate) fn named(&self, collection: &str, what: &str, name_or_id: &str) -> Result<Value, Failure> {
        let of_name = self.all(&format!("{collection}?name={}", encoded(name_or_id)))?;
        self.one_of(of_name.first(), collection, what, name_or_id)
    }

    /// The object that was found by its name, or else the one of this id.
    pub(crate) fn one_of(&self, of_name: Option<&Value>, collection: &str, what: &str, name_or_id: &str) -> Result<Value, Failure> {
        match (of_name, self.of_id(collection, name_or_id)?) {
            (Some(named), Some(other)) if text(named, "/id") != text(&other, "/id") => Err(Failure::usage(format!(
                "`{name_or_id}` is the name of one {what} and the id of another: write `{}` for the first, `{}` for the second",
                text(named, "/id"),
                [text(&other, "/name"), text(&other, "/virtual_model")].concat()
            ))),
            (Some(found), _) => Ok(found.clone()),
            (None, Some(found)) => Ok(found),
            (None, None) => Err(Failure::failed(format!("there is no {what} `{name_or_id}`: `conduit {what} list` shows those there are"))),
        }
    }

    fn of_id(&self, collection: &str, id: &str) -> Result<Option<Value>, Failure> {
        match self.answer(Method::GET, &format!("{collection}/{}", encoded(id)), None, None)? {
            (status, body) if status.is_success() => self.read(&body).map(Some),
            // A name may be none that an id could have, or that of a route.
            (StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED, _) => Ok(None),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    fn ask(&self, method: Method, path: &str, version: Option<i64>, body: Option<&Value>) -> Result<Value, Failure> {
        let (status, answer) = self.answer(method, path, version, body)?;
        match status.is_success() {
            true if answer.is_empty() => Ok(Value::Null),
            true => self.read(&answer),
            false => Err(self.refused(status, &answer)),
        }
    }

    fn read(&self, answer: &Bytes) -> Result<Value, Failure> {
        serde_json::from_slice(answer).map_err(|_| self.misunderstood("an answer that is no JSON"))
    }

    fn answer(&self, method: Method, path: &str, version: Option<i64>, body: Option<&Value>) -> Result<(StatusCode, Bytes), Failure> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.target.key.expose_secret()))
            .map_err(|_| Failure::usage("CONDUIT_MASTER_KEY has a character that a header cannot carry"))?;
        bearer.set_sensitive(true);
        let mut request =
            Request::builder().method(method).uri(format!("{}/admin/v1/{path}", self.target.url)).header(AUTHORIZATION, bearer);
        if let Some(version) = version {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = request.body(bytes).map_err(|error| Failure::usage(format!("CONDUIT_URL: {error}")))?;
        self.runtime.block_on(async {
            let exchange = async {
                // The gateway usually stands on this machine or in this network, and the person names it.
                let egress = Egress { allow_private_network: true, connect_timeout: Duration::from_secs(5), in_process: false };
                let response = self.http.send(request, &egress).await.map_err(|fault| self.unreachable(&fault))?;
                let status = response.status();
                let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
                let body = body.map_err(|error| Failure::failed(format!("the answer of {} broke off: {error}", self.target.url)))?;
                Ok((status, body.to_bytes()))
            };
            match tokio::time::timeout(PATIENCE, exchange).await {
                Ok(answered) => answered,
                Err(_) => Err(Failure::failed(format!("{} has not answered within {} s", self.target.url, PATIENCE.as_secs()))),
            }
        })
    }

    fn unreachable(&self, fault: &SendFault) -> Failure {
        let advice = match (fault.kind, &self.target.origin) {
            (SendFaultKind::Connect | SendFaultKind::ConnectTimeout, Origin::Token(path)) => format!(
                "\nThe address stands in {}, which `conduit serve` writes: start it, or remove the file where it has ended in disorder",
                path.display()
            ),
            (SendFaultKind::Connect | SendFaultKind::ConnectTimeout, Origin::MasterKey) => {
                "\nIs `conduit serve` running there? CONDUIT_URL says where it is".to_owned()
            }
            _ => String::new(),
        };
        Failure::failed(format!("Conduit at {} cannot be reached: {}{advice}", self.target.url, fault.cause))
    }

    fn misunderstood(&self, what: &str) -> Failure {
        Failure::failed(format!("{} gave {what}: is it Conduit, and of this version ({})?", self.target.url, env!("CARGO_PKG_VERSION")))
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> Failure {
        let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
            return Failure::failed(match status {
                StatusCode::NOT_FOUND => format!("{} has no admin API: is it Conduit, and of this version?", self.target.url),
                StatusCode::SERVICE_UNAVAILABLE => format!("{} does not serve yet, or stops: try again in a moment", self.target.url),
                _ => format!("{} answered {status}", self.target.url),
            });
        };
        let advice = match (status, &self.target.origin) {
            (StatusCode::UNAUTHORIZED, Origin::MasterKey) => {
                format!("\nCONDUIT_MASTER_KEY is not the master key of the gateway at {}", self.target.url)
            }
            (StatusCode::UNAUTHORIZED, Origin::Token(path)) => {
                format!("\nThe key in {} is not that of the gateway at {}: another process answers there", path.display(), self.target.url)
            }
            (StatusCode::PRECONDITION_FAILED, _) => {
                "\nNothing was changed. Run the command again to change the object as it is now".to_owned()
            }
            _ => String::new(),
        };
        let mut lines = vec![format!("{} ({})", problem.detail, problem.code)];
        if problem.errors.len() > 1 {
            lines = problem.errors.iter().map(|one| format!("{}: {}: {}", one.field, one.problem, one.remedy)).collect();
        }
        Failure::failed(format!("{}{advice}", lines.join("\n")))
    }
}

/// A text as part of a path or query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A member of an answer as text; nothing for what is not there.
pub(crate) fn text(object: &Value, pointer: &str) -> String {
    match object.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

pub(crate) fn version(object: &Value) -> Option<i64> {
    object.get("version").and_then(Value::as_i64)
}
