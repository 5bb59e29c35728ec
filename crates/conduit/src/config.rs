//! The configuration: a file in YAML, TOML or JSON, the environment and the command line, checked as a whole.
//!
//! Invariant: every mistake is reported at once, each with its file and line (or its variable), and nothing is ignored.

mod check;
mod environment;
mod json;
#[expect(dead_code, reason = "fields that are refused stand in the model for its schema and are never read")]
mod model;
mod problem;
mod scalars;
mod schema;
pub mod secret;
mod shape;
pub mod strength;
pub mod suggest;
mod toml;
mod tree;
mod yaml;

pub use check::ServerEntry;
pub use environment::Environment;
pub use problem::{Problem, Problems};
pub use schema::document as schema_document;
pub use tree::Place;

use environment::ShortForms;
use inventory::FileKey;
use inventory::object::{MappingObject, ProviderObject};
use model::File;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tree::{Content, Node};

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    pub config: Option<PathBuf>,
    pub listen: Option<String>,
    pub data_dir: Option<PathBuf>,
}

/// A configuration in which every value is sound.
pub struct Config {
    /// The configuration file, where there is one.
    pub file: Option<FileFacts>,
    pub listen: SocketAddr,
    pub server: ServerEntry,
    pub data_dir: PathBuf,
    /// `None`: SQLite in the data directory.
    pub database_url: Option<SecretString>,
    pub master_key: Option<SecretString>,
    pub root_secret: Option<SecretString>,
    /// The one before the last rotation.
    pub old_root_secret: Option<SecretString>,
    pub providers: Vec<ProviderObject>,
    pub mappings: Vec<MappingObject>,
    pub keys: Vec<FileKey>,
}

/// Which file was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    pub path: PathBuf,
    /// SHA-256 of its content, in hex.
    pub hash: String,
    /// Nothing is in it.
    pub is_empty: bool,
    /// A secret stands in it, and not only a reference to one.
    pub has_secrets: bool,
}

/// A configuration file is written by hand or a template; this is far above both.
pub(crate) const MAX_FILE: u64 = 64 << 20;

/// Reads and checks everything.
pub fn load(command_line: &CommandLine, environment: &Environment) -> Result<Config, Problems> {
    let mut problems = Problems::default();
    let (mut root, mut facts) = match &command_line.config {
        Some(path) => read_file(path).map(|(root, facts)| (root, Some(facts)))?,
        None => (Node::empty_map(Place::File(Arc::from("configuration"))), None),
    };
    let mut referred = BTreeSet::new();
    collect_references(&root, &mut referred);
    if let Some(facts) = &mut facts {
        facts.has_secrets = holds_secrets(&root);
    }
    environment.apply(&mut root, &referred, &mut problems);
    let short_forms = environment.short_forms(&mut problems);
    let shape = shape::Shape { environment, problems: &mut problems }.check(&root, &schema::SHAPE, "");
    let file = shape.map(|value| read_model(value, &root, &mut problems)).unwrap_or_default();
    let config = assemble(file, &root, command_line, short_forms, &mut problems);
    problems.into_result()?;
    Ok(Config { file: facts, ..config })
}

fn assemble(file: File, root: &Node, command_line: &CommandLine, short_forms: ShortForms, problems: &mut Problems) -> Config {
    let listen = listen(&file.server.listen, command_line, short_forms.port, problems);
    let master_key = short_forms.master_key.or_else(|| file.admin.master_key.as_ref().map(|secret| secret.0.clone()));
    check::master_key(master_key.as_ref(), root, problems);
    let database_url = check::database_url(short_forms.database_url, file.storage.url.as_ref(), root, problems);
    let providers = check::providers(&file.providers, root, problems);
    let mappings = check::mappings(&file.models, root, problems);
    let keys = check::keys(&file.keys, master_key.as_ref(), root, problems);
    Config {
        file: None,
        listen,
        server: check::server(&file.server),
        data_dir: command_line.data_dir.clone().or(short_forms.data_dir).unwrap_or_else(|| PathBuf::from("data")),
        database_url,
        master_key,
        root_secret: short_forms.root_secret,
        old_root_secret: short_forms.old_root_secret,
        providers,
        mappings,
        keys,
    }
}

/// `--listen` beats all; else `PORT` replaces the port of what the environment or the file says.
fn listen(configured: &str, command_line: &CommandLine, port: Option<u16>, problems: &mut Problems) -> SocketAddr {
    let fallback = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    if let Some(text) = &command_line.listen {
        return listen_address(text).unwrap_or_else(|message| {
            problems.add(&Place::Option("--listen"), message);
            fallback
        });
    }
    // A wrong address in the file has been reported.
    let mut address = listen_address(configured).unwrap_or(fallback);
    if let Some(port) = port {
        address.set_port(port);
    }
    address
}

/// An IP address with a port; `localhost` is 127.0.0.1.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse()
        .map_err(|_| format!("`{text}` is no address to listen on: write an IP address and a port, like `127.0.0.1:8080` or `[::1]:8080`"))
}

fn read_file(path: &Path) -> Result<(Node, FileFacts), Problems> {
    let name: Arc<str> = Arc::from(path.display().to_string());
    let failed = |message: String| Problems::one(Place::File(Arc::clone(&name)), message);
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("yaml" | "yml") => yaml::read,
        Some("toml") => toml::read,
        Some("json") => json::read,
        _ => return Err(failed("the name of a configuration file ends in .yaml, .yml, .toml or .json".to_owned())),
    };
    let facts = std::fs::metadata(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    if !facts.is_file() {
        return Err(failed("is not a regular file".to_owned()));
    }
    if facts.len() > MAX_FILE {
        return Err(failed("is larger than 64 MiB".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let facts =
        FileFacts { path: path.to_owned(), hash: hash(&bytes), is_empty: bytes.iter().all(u8::is_ascii_whitespace), has_secrets: false };
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        Problems::one(Place::Line(Arc::clone(&name), line), "is not valid UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut root = format(text, &name)?;
    if matches!(root.content, Content::Null) {
        root.content = Content::Map(Vec::new());
    }
    Ok((root, facts))
}

fn hash(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Variables that the file itself names: a `CONDUIT_` name among them is no mistake.
fn collect_references(node: &Node, names: &mut BTreeSet<String>) {
    match &node.content {
        Content::Text(text) => {
            if let Ok(secret::Reference::Variable(name)) = secret::reference(text) {
                names.insert(name.to_owned());
            }
        }
        Content::List(items) => items.iter().for_each(|item| collect_references(item, names)),
        Content::Map(entries) => entries.iter().for_each(|entry| collect_references(&entry.node, names)),
        _ => {}
    }
}

/// Whether a field for a secret has a value that is no reference.
fn holds_secrets(root: &Node) -> bool {
    let is_literal = |node: &Node| node.text().is_some_and(|text| secret::reference(text) == Ok(secret::Reference::Literal));
    let any = |node: Option<&Node>| match node.map(|node| &node.content) {
        Some(Content::Map(entries)) => entries.iter().any(|entry| is_literal(&entry.node)),
        _ => false,
    };
    let provider = |node: &Node| {
        let credentials = node.get("credentials");
        let listed = credentials.map(Node::items).unwrap_or_default().iter().any(|one| any(Some(one)));
        listed || any(credentials) || any(node.get("headers")) || any(node.get("query"))
    };
    let items = |name: &str| root.get(name).map(Node::items).unwrap_or_default();
    let at = |one: &str, two: &str| root.get(one).and_then(|node| node.get(two));
    items("providers").iter().any(provider)
        || items("keys").iter().filter_map(|node| node.get("key")).any(is_literal)
        || at("admin", "master_key").is_some_and(is_literal)
        || at("storage", "url").is_some_and(|node| node.text().is_some_and(|url| url.contains('@')))
}

/// The shape was checked, so this fails only where check and model disagree; the text of such an error could hold a value and is not shown.
fn read_model(value: serde_json::Value, root: &Node, problems: &mut Problems) -> File {
    serde_json::from_value(value).unwrap_or_else(|_| {
        problems.add(&root.place, "the configuration passed the check of its form and could still not be read; please report this");
        File::default()
    })
}

#[cfg(test)]
mod tests;
