//! A configured provider as the API shows it: no secret, only whether there is one and how it ends.

use super::Standing;
use super::times::Timeouts;
use inventory::object::{CredentialObject, FieldState, ProviderObject};
use inventory::view::Entry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A configured provider with its credentials.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderView {
    pub(crate) id: String,
    /// What a mapping points to and the header `x-conduit-provider` says.
    pub(crate) name: String,
    /// The provider's type: see `/admin/v1/provider-types`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Where it is reached; null: the type's own address.
    pub(crate) base_url: Option<String>,
    pub(crate) allow_private_network: bool,
    /// Those that differ from the type's defaults.
    pub(crate) timeouts: Timeouts,
    /// Requests at once; null: the share of `server.max_in_flight` that any one provider may take.
    pub(crate) max_in_flight: Option<u32>,
    /// False: its mappings are skipped.
    pub(crate) enabled: bool,
    pub(crate) credentials: Vec<CredentialView>,
    /// What sets a custom endpoint apart; of other types it is not there. Values of headers and query are secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) custom: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(flatten)]
    pub(crate) standing: Standing,
}

/// One credential: beside its name and weight the fields of the provider's type.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Credential)]
pub(crate) struct CredentialView {
    pub(crate) name: String,
    /// Its share of the requests against the others' weights; 0: only when all others have failed.
    pub(crate) weight: u32,
    /// The fields of the type: a secret one as `{"set": true, "tail": "3Yu5"}`, any other as its text.
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, FieldView>)]
    pub(crate) fields: BTreeMap<String, FieldView>,
}

/// The value of a field.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FieldView {
    /// Not secret.
    Plain(String),
    Secret(SecretView),
}

/// A secret that is stored. It is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Secret)]
pub(crate) struct SecretView {
    pub(crate) set: bool,
    /// Its last four characters, where it is long enough to spare them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tail: Option<String>,
    /// Why it cannot be opened: it is kept and must be entered again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unreadable: Option<String>,
}

/// A page of providers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProviderList {
    pub(crate) data: Vec<ProviderView>,
    /// For `after` of the next page; null on the last one.
    pub(crate) next: Option<String>,
}

impl ProviderView {
    pub(crate) fn of(entry: &Entry<ProviderObject>) -> Self {
        let object = &*entry.object;
        Self {
            id: object.id.clone(),
            name: object.name.clone(),
            kind: object.kind.clone(),
            base_url: object.base_url.clone(),
            allow_private_network: object.allow_private_network,
            timeouts: Timeouts::shown(&object.timeouts),
            max_in_flight: object.max_in_flight,
            enabled: object.enabled,
            credentials: object.credentials.iter().map(CredentialView::of).collect(),
            custom: object.custom.as_ref().map(|options| super::custom::shown(options, &object.unreadable)),
            standing: Standing::of(&object.source, entry.problem.as_deref()),
        }
    }
}

impl CredentialView {
    fn of(credential: &CredentialObject) -> Self {
        let fields = credential.fields.iter().map(|(name, state)| (name.clone(), FieldView::of(state))).collect();
        Self { name: credential.name.clone(), weight: credential.weight, fields }
    }
}

impl FieldView {
    fn of(state: &FieldState) -> Self {
        match state {
            FieldState::Plain(text) => Self::Plain(text.clone()),
            FieldState::Secret(_) => Self::Secret(SecretView { set: true, tail: state.tail(), unreadable: None }),
            FieldState::Unreadable(reason) => Self::Secret(SecretView { set: true, tail: None, unreadable: Some(reason.clone()) }),
        }
    }
}
