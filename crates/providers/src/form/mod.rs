//! What a person fills in to configure a provider, as data: the console's form, and `provider-types` of the admin API.

mod custom;

use crate::{ALL, Declaration, FieldKind};
use serde::Serialize;

/// The form of one type of provider.
#[derive(Clone, Debug, Serialize)]
pub struct Form {
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What a person sees.
    pub name: &'static str,
    pub fields: Vec<FormField>,
    /// The names of the operations.
    pub operations: Vec<&'static str>,
    /// Where it is reached unless told otherwise; `None`: the address must be given.
    pub base_url: Option<&'static str>,
    /// Where its key is found.
    pub note: &'static str,
    /// Types that are not built are not listed.
    pub built: bool,
}

/// One field of a form.
#[derive(Clone, Debug, Serialize)]
pub struct FormField {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: FormKind,
    pub required: bool,
    /// Write-only: an answer says only that it is set.
    pub secret: bool,
    pub help: &'static str,
    pub place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<&'static str>,
    /// The words of a choice, or the names of a map, where they are a closed list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FormKind {
    Text,
    Secret,
    /// Several values; in forms comma-separated.
    List,
    /// Names with values.
    Map,
    /// One of `choices`.
    Choice,
    Boolean,
    /// An object with members of its own.
    Object,
}

/// Where a field stands in a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Inside `credentials`.
    Credentials,
    /// Beside them.
    Provider,
}

/// The forms of every type, in the order of the console.
pub fn forms() -> Vec<Form> {
    ALL.iter().map(|declaration| form(declaration)).collect()
}

/// The form of one type.
pub fn form(declaration: &'static Declaration) -> Form {
    let mut fields = vec![base_url(declaration)];
    fields.extend(declaration.fields.iter().map(|field| FormField {
        name: field.name,
        label: field.label,
        kind: kind(field.kind, field.secret),
        required: field.required,
        secret: field.secret,
        help: field.help,
        place: Place::Credentials,
        default: field.default,
        example: None,
        choices: Vec::new(),
    }));
    if std::ptr::eq(declaration, &crate::custom::DECLARATION) {
        fields.extend(custom::fields());
    }
    if declaration.in_process {
        fields.retain(|field| field.name != "base_url");
    }
    let mut operations: Vec<_> = declaration.endpoints.iter().map(|endpoint| endpoint.operation.name()).collect();
    operations.push(chat::Operation::Models.name());
    Form {
        kind: declaration.kind,
        name: declaration.label,
        fields,
        operations,
        base_url: declaration.base_url.filter(|_| !declaration.in_process),
        note: declaration.note,
        built: true,
    }
}

fn base_url(declaration: &Declaration) -> FormField {
    FormField {
        name: "base_url",
        label: "Base URL",
        kind: FormKind::Text,
        required: declaration.base_url.is_none(),
        secret: false,
        help: "Where the provider is reached. https, unless allow_private_network lets this provider be on a private network.",
        place: Place::Provider,
        default: declaration.base_url,
        example: declaration.base_url.is_none().then_some("http://host:8000/v1"),
        choices: Vec::new(),
    }
}

fn kind(kind: FieldKind, secret: bool) -> FormKind {
    match kind {
        FieldKind::Text if secret => FormKind::Secret,
        FieldKind::Text => FormKind::Text,
        FieldKind::List => FormKind::List,
    }
}

#[cfg(test)]
mod tests;
