//! What a provider is made of and how it is changed: the bodies, and their way into the inventory's words.

use super::times::Timeouts;
use super::{credential_shape, custom, given};
use crate::json::{join, shown};
use crate::problem::{FieldError, Problem};
use inventory::object::{DEFAULT_CREDENTIAL, ProviderObject};
use inventory::{CredentialChange, NewCredential, NewProvider, ProviderChange};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A provider to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProviderBody {
    /// What a mapping points to and the header `x-conduit-provider` says. Visible ASCII.
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]([ -~]*[!-~])?$", example = "openai-main")]
    name: String,
    /// The provider's type: see `/admin/v1/provider-types`.
    #[serde(rename = "type")]
    #[schema(schema_with = credential_shape::type_schema)]
    kind: String,
    /// Where it is reached; without it the type's own address.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2048, format = "uri", example = "https://api.openai.com/v1")]
    base_url: Option<String>,
    /// Lets it be plain http, or stand on a private or loopback address.
    #[serde(default)]
    allow_private_network: bool,
    #[serde(default)]
    timeouts: Timeouts,
    /// Requests at once; without it the share of `server.max_in_flight` that any one provider may take.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    max_in_flight: Option<u32>,
    /// False: its mappings are skipped.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
    /// The fields of the type, or a list of several credentials.
    #[serde(default)]
    #[schema(schema_with = credential_shape::credentials_schema)]
    credentials: Value,
    /// Custom endpoints: a known server, whose options hold where none is set here.
    #[serde(default)]
    #[schema(schema_with = custom::preset)]
    preset: Option<Value>,
    /// Custom endpoints: the wire formats.
    #[serde(default)]
    #[schema(schema_with = custom::dialects)]
    dialects: Option<Value>,
    /// Custom endpoints: paths that differ from the usual ones.
    #[serde(default)]
    #[schema(schema_with = custom::paths)]
    paths: Option<Value>,
    /// Custom endpoints: false uses the base URL as it is, even where it names no version.
    #[serde(default)]
    #[schema(schema_with = custom::flag)]
    append_v1: Option<Value>,
    /// Custom endpoints: the header that carries the key.
    #[serde(default)]
    #[schema(schema_with = custom::header_name)]
    auth_header: Option<Value>,
    /// Custom endpoints: what stands before the key; empty: the key alone.
    #[serde(default)]
    #[schema(schema_with = custom::prefix)]
    auth_prefix: Option<Value>,
    /// Custom endpoints: sent with every request. Values are stored as secrets; null keeps the one that is stored.
    #[serde(default)]
    #[schema(schema_with = custom::values)]
    headers: Option<Value>,
    /// Custom endpoints: part of the address of every request. Values are stored as secrets; null keeps the one that is stored.
    #[serde(default)]
    #[schema(schema_with = custom::values)]
    query: Option<Value>,
    /// Custom endpoints: what the server wants different.
    #[serde(default)]
    #[schema(schema_with = custom::quirks)]
    quirks: Option<Value>,
    /// Custom endpoints: what is forgiven of the server's answers.
    #[serde(default)]
    #[schema(schema_with = custom::leniency)]
    leniency: Option<Value>,
    /// Custom endpoints: a question that costs nothing and tells whether the server is well.
    #[serde(default)]
    #[schema(schema_with = custom::probe)]
    probe: Option<Value>,
    /// Custom endpoints: members of a request that are the server's own and not Conduit's routing options.
    #[serde(default)]
    #[schema(schema_with = custom::names)]
    keep: Option<Value>,
}

/// What is to become different at a provider. What is not named stays; its type cannot change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderPatchBody {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]([ -~]*[!-~])?$", nullable = false)]
    name: Option<String>,
    /// Null: the type's own address. Another host needs every secret to be entered again in the same change.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 2048, format = "uri")]
    base_url: Option<Option<String>>,
    #[serde(default)]
    #[schema(nullable = false)]
    allow_private_network: Option<bool>,
    #[serde(default)]
    timeouts: Timeouts,
    /// Null: the share of `server.max_in_flight` that any one provider may take.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    max_in_flight: Option<Option<u32>>,
    #[serde(default)]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// Fields of the only credential, or a list of credentials by name. Credentials and fields that are not named stay; a field that is null goes.
    #[serde(default)]
    #[schema(schema_with = credential_shape::changed_credentials_schema)]
    credentials: Value,
    /// Names of credentials to be removed.
    #[serde(default)]
    #[schema(schema_with = credential_shape::names_schema)]
    remove_credentials: Vec<String>,
    /// Custom endpoints: a known server, whose options hold where none is set here.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::preset)]
    preset: Option<Value>,
    /// Custom endpoints: the wire formats.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::dialects)]
    dialects: Option<Value>,
    /// Custom endpoints: paths that differ from the usual ones.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::paths)]
    paths: Option<Value>,
    /// Custom endpoints: false uses the base URL as it is, even where it names no version.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::flag)]
    append_v1: Option<Value>,
    /// Custom endpoints: the header that carries the key.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::header_name)]
    auth_header: Option<Value>,
    /// Custom endpoints: what stands before the key; empty: the key alone.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::prefix)]
    auth_prefix: Option<Value>,
    /// Custom endpoints: sent with every request. Values are stored as secrets; a name that is left out goes, null keeps the value that is stored.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::values)]
    headers: Option<Value>,
    /// Custom endpoints: part of the address of every request. Values are stored as secrets; a name that is left out goes, null keeps the value that is stored.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::values)]
    query: Option<Value>,
    /// Custom endpoints: what the server wants different.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::quirks)]
    quirks: Option<Value>,
    /// Custom endpoints: what is forgiven of the server's answers.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::leniency)]
    leniency: Option<Value>,
    /// Custom endpoints: a question that costs nothing and tells whether the server is well.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::probe)]
    probe: Option<Value>,
    /// Custom endpoints: members of a request that are the server's own and not Conduit's routing options.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = custom::names)]
    keep: Option<Value>,
}

/// The new values of a credential's fields, to be tried before they replace the old ones.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {
    /// Which credential; not needed where the provider has one.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(super) credential: Option<String>,
    /// The fields that change, as `{"api_key": "..."}`.
    #[schema(schema_with = credential_shape::fields_schema)]
    pub(super) fields: Value,
    /// Switch without trying the new secret against the provider first.
    #[serde(default)]
    pub(super) skip_test: bool,
}

fn yes() -> bool {
    true
}

impl NewProviderBody {
    /// The members that belong to a custom endpoint, as far as they are given.
    fn custom(&mut self) -> Vec<(&'static str, Value)> {
        let members = [
            ("preset", self.preset.take()),
            ("dialects", self.dialects.take()),
            ("paths", self.paths.take()),
            ("append_v1", self.append_v1.take()),
            ("auth_header", self.auth_header.take()),
            ("auth_prefix", self.auth_prefix.take()),
            ("headers", self.headers.take()),
            ("query", self.query.take()),
            ("quirks", self.quirks.take()),
            ("leniency", self.leniency.take()),
            ("probe", self.probe.take()),
            ("keep", self.keep.take()),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    pub(super) fn wish(mut self) -> Result<NewProvider, Problem> {
        let mut errors = Vec::new();
        let custom = custom::options(None, self.custom(), &mut errors);
        let timeouts = self.timeouts.overrides(&mut errors);
        let changes = credentials(&self.credentials, DEFAULT_CREDENTIAL, &mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let credentials = changes.into_iter().map(|change| NewCredential {
            name: change.name,
            weight: change.weight.unwrap_or(1),
            fields: change.fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        });
        Ok(NewProvider {
            base_url: self.base_url,
            allow_private_network: self.allow_private_network,
            timeouts,
            max_in_flight: self.max_in_flight,
            enabled: self.enabled,
            credentials: credentials.collect(),
            custom,
            ..NewProvider::new(self.name, self.kind)
        })
    }
}

impl ProviderPatchBody {
    /// The members that belong to a custom endpoint, as far as they are given.
    fn custom(&mut self) -> Vec<(&'static str, Value)> {
        let members = [
            ("preset", self.preset.take()),
            ("dialects", self.dialects.take()),
            ("paths", self.paths.take()),
            ("append_v1", self.append_v1.take()),
            ("auth_header", self.auth_header.take()),
            ("auth_prefix", self.auth_prefix.take()),
            ("headers", self.headers.take()),
            ("query", self.query.take()),
            ("quirks", self.quirks.take()),
            ("leniency", self.leniency.take()),
            ("probe", self.probe.take()),
            ("keep", self.keep.take()),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    pub(super) fn wish(mut self, present: &ProviderObject) -> Result<ProviderChange, Problem> {
        let mut errors = Vec::new();
        let custom = custom::options(present.custom.as_ref(), self.custom(), &mut errors);
        let timeouts = self.timeouts.change(&mut errors);
        let only = only_credential(present);
        if only.is_none() && self.credentials.is_object() {
            let names: Vec<&str> = present.credentials.iter().map(|credential| credential.name.as_str()).collect();
            let problem = format!("the provider has several credentials ({})", names.join(", "));
            errors.push(FieldError::new("credentials", problem, "write a list: [{\"name\": ..., \"api_key\": ...}]"));
        }
        let credentials = credentials(&self.credentials, only.unwrap_or_default(), &mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        Ok(ProviderChange {
            name: self.name,
            base_url: self.base_url,
            allow_private_network: self.allow_private_network,
            timeouts,
            max_in_flight: self.max_in_flight,
            enabled: self.enabled,
            credentials,
            remove_credentials: self.remove_credentials,
            custom,
        })
    }
}

impl RotateBody {
    /// The change that puts the new fields in the place of the old ones.
    pub(super) fn wish(&self, present: &ProviderObject) -> Result<CredentialChange, Problem> {
        let name = match (&self.credential, only_credential(present)) {
            (Some(name), _) => name.as_str(),
            (None, Some(only)) => only,
            (None, None) => return Err(Problem::field("credential", "the provider has several", "say which one is to be rotated")),
        };
        if !present.credentials.iter().any(|credential| credential.name == name) {
            return Err(Problem::field("credential", format!("the provider has none named `{}`", shown(name)), "name one that it has"));
        }
        let mut errors = Vec::new();
        let fields = fields(self.fields.as_object(), "fields", &mut errors);
        if errors.is_empty() { Ok(CredentialChange { name: name.to_owned(), weight: None, fields }) } else { Err(Problem::invalid(errors)) }
    }
}

/// The name of the only credential there is, or of the first one to be made.
fn only_credential(present: &ProviderObject) -> Option<&str> {
    match present.credentials.as_slice() {
        [] => Some(DEFAULT_CREDENTIAL),
        [only] => Some(&only.name),
        _ => None,
    }
}

/// Both forms: the fields of one credential, or a list of credentials with their names. The shape has been checked.
fn credentials(value: &Value, only: &str, errors: &mut Vec<FieldError>) -> Vec<CredentialChange> {
    match value {
        Value::Object(members) => {
            vec![CredentialChange { name: only.to_owned(), weight: None, fields: fields(Some(members), "credentials", errors) }]
        }
        Value::Array(list) => {
            let each = list.iter().enumerate().filter_map(|(at, item)| {
                let mut members = item.as_object().cloned()?;
                let path = format!("credentials[{at}]");
                let name = members.shift_remove("name").and_then(|name| name.as_str().map(str::to_owned));
                let weight =
                    members.shift_remove("weight").and_then(|weight| weight.as_u64()).and_then(|weight| u32::try_from(weight).ok());
                Some(CredentialChange { name: name.unwrap_or_default(), weight, fields: fields(Some(&members), &path, errors) })
            });
            each.collect()
        }
        _ => Vec::new(),
    }
}

/// Texts as they are, lists joined by commas, null for a field that goes.
fn fields(members: Option<&Map<String, Value>>, path: &str, errors: &mut Vec<FieldError>) -> BTreeMap<String, Option<SecretString>> {
    let mut fields = BTreeMap::new();
    for (name, value) in members.into_iter().flatten() {
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
            _ => None,
        };
        errors.extend(text.as_deref().and_then(|text| reference(&join(path, name), text)));
        fields.insert(name.clone(), text.map(SecretString::from));
    }
    fields
}

/// A reference that would be stored as if it were the secret.
pub(super) fn reference(field: &str, text: &str) -> Option<FieldError> {
    let forms = [("env:", "env:NAME"), ("file:/", "file:/path"), ("${", "${NAME}"), ("os.environ/", "os.environ/NAME")];
    let (_, form) = forms.into_iter().find(|(beginning, _)| text.starts_with(beginning))?;
    let problem = format!("a reference ({form}) stands only in the configuration file");
    Some(FieldError::new(field, problem, "send the secret itself: it is stored sealed"))
}
