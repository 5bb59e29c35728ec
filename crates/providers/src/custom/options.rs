//! What the owner of a custom endpoint may say about it.

use super::reading::Reading;
use crate::FieldFault;
use dialects::Leniency;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The operations and questions whose path may be another than the usual one.
pub const PATHS: &[&str] = &["chat", "messages", "completions", "embeddings", "count_tokens", "models", "health"];

/// The options of a custom endpoint: the same in the config file, in the database and in the admin API.
///
/// Written out (`Serialize`), the values of `headers` and `query` are left out, because they may be secret: their names stand with the value
/// null, and [`CustomOptions::secrets`] gives the values to whoever seals them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Value")]
pub struct CustomOptions {
    /// A known server, whose options hold where the owner sets none.
    pub preset: Option<Preset>,
    pub dialects: Option<Vec<CustomDialect>>,
    /// By the names of [`PATHS`].
    pub paths: Vec<(String, String)>,
    /// Off: the base URL is used as it is, even where it names no version.
    pub append_v1: Option<bool>,
    pub auth_header: Option<String>,
    /// What stands before the key, as `Bearer`; empty: the key alone.
    pub auth_prefix: Option<String>,
    /// Sent with every request.
    pub headers: Vec<(String, Option<SecretString>)>,
    /// Part of the address of every request.
    pub query: Vec<(String, Option<SecretString>)>,
    /// As configured; read by `Surface::custom`.
    pub quirks: Vec<Value>,
    pub leniency: Option<Leniency>,
    pub probe: Option<Probe>,
    /// Members of a request that are the server's own, and not Conduit's routing options of the same name.
    pub keep: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustomDialect {
    OpenaiChat,
    AnthropicMessages,
}

/// A server whose ways are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    Vllm,
    Llamacpp,
    Lmstudio,
    Sglang,
    Tgi,
    Openrouter,
}

impl Preset {
    pub const ALL: [(&'static str, Preset); 6] = [
        ("vllm", Preset::Vllm),
        ("llamacpp", Preset::Llamacpp),
        ("lmstudio", Preset::Lmstudio),
        ("sglang", Preset::Sglang),
        ("tgi", Preset::Tgi),
        ("openrouter", Preset::Openrouter),
    ];
}

impl CustomDialect {
    pub const ALL: [(&'static str, CustomDialect); 2] =
        [("openai-chat", CustomDialect::OpenaiChat), ("anthropic-messages", CustomDialect::AnthropicMessages)];
}

/// A question that costs nothing and tells whether the server is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// From the base URL without its version: servers keep their health there.
    pub path: String,
    pub method: Method,
    /// The statuses that mean "well".
    pub expect: Vec<u16>,
    /// What the answer must hold, for servers that answer every path with 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect_body_contains: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Head,
}

impl CustomOptions {
    /// Reads options from their JSON form. Every fault names its field; what the values mean together is judged by `Surface::custom`.
    pub fn read(value: &Value) -> Result<Self, Vec<FieldFault>> {
        let mut reading = Reading::default();
        let options = reading.options(value);
        reading.end(options)
    }

    /// The values that may be secret, by the names under which they are sealed: `header:<name>` and `query:<name>`.
    pub fn secrets(&self) -> impl Iterator<Item = (String, &SecretString)> {
        let headers = self.headers.iter().filter_map(|(name, value)| Some((format!("header:{name}"), value.as_ref()?)));
        let query = self.query.iter().filter_map(|(name, value)| Some((format!("query:{name}"), value.as_ref()?)));
        headers.chain(query)
    }

    /// The same options with the values that were kept apart; a value that stands already stays.
    #[must_use]
    pub fn with_secrets(mut self, mut value: impl FnMut(&str) -> Option<SecretString>) -> Self {
        for (kind, pairs) in [("header", &mut self.headers), ("query", &mut self.query)] {
            for (name, held) in pairs.iter_mut().filter(|(_, held)| held.is_none()) {
                *held = value(&format!("{kind}:{name}"));
            }
        }
        self
    }

    pub(crate) fn path(&self, name: &str) -> Option<&str> {
        self.paths.iter().find(|(key, _)| key == name).map(|(_, path)| path.as_str())
    }
}

impl TryFrom<Value> for CustomOptions {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        Self::read(&value).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl Serialize for CustomOptions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = |pairs: &[(String, Option<SecretString>)]| {
            (!pairs.is_empty()).then(|| Value::Object(pairs.iter().map(|(name, _)| (name.clone(), Value::Null)).collect()))
        };
        let paths: Map<String, Value> = self.paths.iter().map(|(name, path)| (name.clone(), json!(path))).collect();
        let members = [
            ("preset", self.preset.map(|preset| json!(preset))),
            ("dialects", self.dialects.as_ref().map(|dialects| json!(dialects))),
            ("paths", (!paths.is_empty()).then_some(Value::Object(paths))),
            ("append_v1", self.append_v1.map(Value::Bool)),
            ("auth_header", self.auth_header.as_ref().map(|name| json!(name))),
            ("auth_prefix", self.auth_prefix.as_ref().map(|prefix| json!(prefix))),
            ("headers", names(&self.headers)),
            ("query", names(&self.query)),
            ("quirks", (!self.quirks.is_empty()).then(|| json!(self.quirks))),
            ("leniency", self.leniency.map(|leniency| json!(leniency))),
            ("probe", self.probe.as_ref().map(|probe| json!(probe))),
            ("keep", self.keep.as_ref().map(|keep| json!(keep))),
        ];
        let set: Map<String, Value> = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        set.serialize(serializer)
    }
}
