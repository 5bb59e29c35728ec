//! Finds the records and reads them.

use base64::Engine;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};

/// One request to a provider and what it answered.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: String,
    pub provider: String,
    /// `chat`, `chat_stream`, `embeddings`, `models`, ...; `error` for every status from 400 on.
    pub operation: String,
    /// Of an error: what was asked.
    pub base_operation: Option<String>,
    /// `wire`, `reserialized` or `normalized`: how near the body is to the bytes that were sent.
    pub fidelity: String,
    pub tags: Vec<String>,
    pub request: Request,
    pub response: Response,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// JSON text (key order and numbers as recorded) or plain text; `None` where there was no body or a binary one.
    pub body: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Record {
    /// The operation that was asked for, of errors too.
    pub fn asked(&self) -> &str {
        self.base_operation.as_deref().unwrap_or(&self.operation)
    }

    pub fn is_error(&self) -> bool {
        self.operation == "error"
    }

    pub fn tagged(&self, tag: &str) -> bool {
        self.tags.iter().any(|have| have == tag)
    }
}

impl Response {
    /// The body as text; a record whose body is binary has none.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }
}

/// The folder of shared material. `None` means: skip, and a line has said so.
///
/// # Panics
/// With `CI=true` when it is absent.
pub fn shared_dir() -> Option<PathBuf> {
    let candidates =
        [std::env::var_os("CONDUIT_SHARED").map(PathBuf::from), Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"))];
    let found = candidates.into_iter().flatten().find(|dir| dir.join("recorded").is_dir());
    if found.is_none() {
        let why = "the recorded traffic is absent: set CONDUIT_SHARED to the folder that holds `recorded/`";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
        eprintln!("SKIPPED: {why}");
    }
    found
}

/// Every record of a provider (a folder name), in the order of its file names; empty where [`shared_dir`] is `None`.
///
/// # Panics
/// When a record cannot be read: that is damage, not a reason to skip.
pub fn records(provider: &str) -> Vec<Record> {
    let Some(shared) = shared_dir() else { return Vec::new() };
    let folder = shared.join("recorded").join(provider);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|ext| ext == "json")).collect();
    files.sort();
    files.iter().map(|path| read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))).collect()
}

#[derive(Deserialize)]
struct FileRecord {
    id: String,
    provider: String,
    operation: String,
    base_operation: Option<String>,
    #[serde(default)]
    fidelity: String,
    #[serde(default)]
    tags: Vec<String>,
    request: FileRequest,
    response: FileResponse,
}

#[derive(Deserialize)]
struct FileRequest {
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<Box<RawValue>>,
    body_text: Option<String>,
}

#[derive(Deserialize)]
struct FileResponse {
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body_text: Option<String>,
    body_b64: Option<String>,
}

fn read(path: &Path) -> Result<Record, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let file: FileRecord = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let FileResponse { status, headers, body_text, body_b64 } = file.response;
    let body = match (body_text, body_b64) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(encoded)) => base64::engine::general_purpose::STANDARD.decode(encoded).map_err(|error| error.to_string())?,
        (None, None) => Vec::new(),
    };
    let request = Request {
        method: file.request.method,
        url: file.request.url,
        headers: file.request.headers,
        body: file.request.body.map(|raw| raw.get().to_owned()).or(file.request.body_text),
    };
    Ok(Record {
        id: file.id,
        provider: file.provider,
        operation: file.operation,
        base_operation: file.base_operation,
        fidelity: file.fidelity,
        tags: file.tags,
        request,
        response: Response { status, headers, body },
    })
}
