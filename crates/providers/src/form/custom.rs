//! The options of a custom endpoint.

use super::{FormField, FormKind, Place};
use crate::custom::{CustomDialect, PATHS, Preset};

pub(super) fn fields() -> Vec<FormField> {
    let mut fields = how_it_is_reached();
    fields.extend(what_it_wants());
    fields
}

fn how_it_is_reached() -> Vec<FormField> {
    vec![
        FormField {
            choices: Preset::ALL.map(|(name, _)| name).to_vec(),
            ..field(
                "preset",
                "Server",
                FormKind::Choice,
                "A known server: what it wants differently is set, and what you set yourself wins.",
            )
        },
        FormField {
            default: Some("openai-chat"),
            choices: CustomDialect::ALL.map(|(name, _)| name).to_vec(),
            ..field(
                "dialects",
                "Dialects",
                FormKind::List,
                "The APIs that it speaks. A caller is answered in its own where it is among them.",
            )
        },
        FormField {
            example: Some("{\"chat\": \"/chat/completions\"}"),
            choices: PATHS.to_vec(),
            ..field("paths", "Paths", FormKind::Map, "Paths that differ from the usual ones, by operation, from the base URL on.")
        },
        FormField {
            default: Some("true"),
            ..field("append_v1", "Append /v1", FormKind::Boolean, "A base URL that names no version gets /v1 at its end.")
        },
        FormField {
            default: Some("Authorization"),
            example: Some("api-key"),
            ..field("auth_header", "Header of the key", FormKind::Text, "The header that carries the key.")
        },
        FormField {
            default: Some("Bearer"),
            ..field(
                "auth_prefix",
                "Prefix of the key",
                FormKind::Text,
                "What stands before the key; empty: the key alone. Another header than Authorization has none unless you set it.",
            )
        },
        FormField {
            secret: true,
            example: Some("{\"x-tenant\": \"acme\"}"),
            ..field("headers", "Headers", FormKind::Map, "Headers for every request. Their values are kept like secrets.")
        },
        FormField {
            secret: true,
            example: Some("{\"api-version\": \"2026-01-01\"}"),
            ..field("query", "Query", FormKind::Map, "Parameters for the address of every request. Their values are kept like secrets.")
        },
    ]
}

fn what_it_wants() -> Vec<FormField> {
    vec![
        FormField {
            example: Some("[\"developer_as_system\", {\"drop\": \"user\"}]"),
            ..field("quirks", "Quirks", FormKind::List, "What the server wants different from its dialect.")
        },
        FormField {
            example: Some("{\"think_tags\": \"tagged\"}"),
            ..field(
                "leniency",
                "Leniency",
                FormKind::Object,
                "How its answers are to be read; think_tags (text, tagged, opened) finds thought between <think> tags.",
            )
        },
        FormField {
            example: Some("{\"path\": \"/health\", \"expect\": [200]}"),
            ..field(
                "probe",
                "Probe",
                FormKind::Object,
                "A request free of charge that tells whether the server is well. Without it the list of models does.",
            )
        },
        FormField {
            choices: vec!["models", "provider"],
            ..field("keep", "Keep", FormKind::List, "Members of a request that go to the server, not to Conduit's routing.")
        },
    ]
}

fn field(name: &'static str, label: &'static str, kind: FormKind, help: &'static str) -> FormField {
    let (required, secret, place) = (false, false, Place::Provider);
    FormField { name, label, kind, required, secret, help, place, default: None, example: None, choices: Vec::new() }
}
