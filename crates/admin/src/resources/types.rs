//! `/admin/v1/provider-types`: what a person fills in to configure a provider.

use crate::api::Api;
use crate::problem::Outcome;
use crate::reply::Reply;
use crate::route::Call;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Every type of provider of this version.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct TypeList {
    pub(crate) data: Vec<TypeView>,
    /// Always null: there is one page.
    pub(crate) next: Option<String>,
}

/// The form of one type.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ProviderType)]
pub(crate) struct TypeView {
    #[serde(rename = "type")]
    #[schema(example = "openai")]
    pub(crate) kind: String,
    /// What a person sees.
    #[schema(example = "OpenAI")]
    pub(crate) name: String,
    pub(crate) fields: Vec<FormFieldView>,
    /// The operations that it serves.
    pub(crate) operations: Vec<String>,
    /// Where it is reached unless told otherwise; null: the address must be given.
    pub(crate) base_url: Option<String>,
    /// Where its key is found.
    pub(crate) note: String,
    pub(crate) built: bool,
}

/// One field of a form.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FormField)]
pub(crate) struct FormFieldView {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: FormKindView,
    pub(crate) required: bool,
    /// Write-only: an answer says only that it is set.
    pub(crate) secret: bool,
    pub(crate) help: String,
    /// Inside `credentials`, or beside them.
    pub(crate) place: FormPlace,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) example: Option<String>,
    /// The words of a choice, or the names of a map, where they are a closed list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) choices: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FormKind)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FormKindView {
    Text,
    Secret,
    /// Several values; in forms separated by commas.
    List,
    /// Names with values.
    Map,
    /// One of `choices`.
    Choice,
    Boolean,
    /// An object with members of its own.
    Object,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FormPlace {
    Credentials,
    Provider,
}

pub(crate) async fn list(_: Arc<Api>, _: Call) -> Outcome {
    // The forms write what the types above read: a test holds them together.
    Reply::ok(&serde_json::json!({ "data": providers::forms(), "next": null }))
}
