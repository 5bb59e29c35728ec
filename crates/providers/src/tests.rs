use super::*;
use chat::Operation;

#[test]
fn kinds_are_unique_and_found() {
    for declaration in ALL {
        let same = ALL.iter().filter(|other| other.kind == declaration.kind || other.label == declaration.label).count();
        assert_eq!(same, 1, "{}", declaration.kind);
        assert!(std::ptr::eq(find(declaration.kind).unwrap(), *declaration));
    }
    assert!(find("no-such").is_none());
}

/// The labels and fields that the contract fixes.
#[test]
fn labels_and_fields_are_the_contracts() {
    let table: &[(&str, &str, &[&str])] = &[
        ("openai", "OpenAI", &["api_key", "organization", "project"]),
        ("anthropic", "Anthropic", &["api_key", "version", "betas"]),
        ("groq", "Groq", &["api_key"]),
        ("custom", "Custom Provider", &["api_key"]),
        ("simulated", "Simulated", &[]),
    ];
    assert_eq!(ALL.iter().map(|declaration| declaration.kind).collect::<Vec<_>>(), table.iter().map(|row| row.0).collect::<Vec<_>>());
    for (declaration, (kind, label, fields)) in ALL.iter().zip(table) {
        assert_eq!((declaration.kind, declaration.label), (*kind, *label));
        assert_eq!(&declaration.fields.iter().map(|field| field.name).collect::<Vec<_>>(), fields, "{kind}");
    }
}

#[test]
fn declarations_are_complete() {
    for declaration in ALL {
        let kind = declaration.kind;
        for field in declaration.fields {
            assert!(!field.name.is_empty() && !field.label.is_empty() && field.help.len() > 10, "{kind}.{}", field.name);
            let once = declaration.fields.iter().filter(|other| other.name == field.name).count();
            assert_eq!(once, 1, "{kind}.{}", field.name);
        }
        let auth_field = match declaration.auth {
            Auth::Bearer { field } | Auth::Header { field, .. } => Some(field),
            Auth::None => None,
        };
        let named = auth_field.into_iter().chain(declaration.field_headers.iter().map(|header| header.field));
        for field in named {
            assert!(declaration.field(field).is_some(), "{kind}: a header is made of '{field}', which is no field");
        }
        if let Some(field) = auth_field {
            assert!(declaration.field(field).unwrap().secret, "{kind}.{field}");
        }
        let headers =
            declaration.fixed_headers.iter().map(|(name, _)| *name).chain(declaration.field_headers.iter().map(|header| header.header));
        for header in headers.chain([declaration.request_id_header]) {
            assert!(header.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{kind}: {header}");
        }
        assert!(declaration.base_url.is_none_or(|url| url.starts_with("http") && !url.ends_with('/')), "{kind}");
        assert_eq!(declaration.base_url.is_none(), kind == "custom", "{kind}");
        assert!(declaration.models.path.starts_with('/'), "{kind}");
        let waits = &declaration.timeouts;
        assert!(waits.connect < waits.idle && waits.idle <= waits.first_byte && waits.first_byte <= waits.total, "{kind}");
    }
}

#[test]
fn endpoints_have_one_path_each_and_chat_a_dialect() {
    for declaration in ALL {
        assert!(declaration.endpoint(Operation::Chat).is_some_and(|chat| chat.dialect.is_some()), "{}", declaration.kind);
        for endpoint in declaration.endpoints {
            assert!(endpoint.path.starts_with('/') && !endpoint.path.ends_with('/'), "{}", declaration.kind);
            let once = declaration.endpoints.iter().filter(|other| other.operation == endpoint.operation).count();
            assert_eq!(once, 1, "{} {:?}", declaration.kind, endpoint.operation);
        }
    }
    assert!(find("groq").unwrap().endpoint(Operation::Embeddings).is_none());
    assert!(find("openai").unwrap().endpoint(Operation::Embeddings).is_some());
}

#[test]
fn every_quirk_has_a_source() {
    for declaration in ALL {
        for sourced in declaration.quirks {
            assert!(sourced.source.starts_with("providers/") && sourced.source.contains(".md §"), "{}: {:?}", declaration.kind, sourced);
        }
    }
}

#[test]
fn model_families_begin_so() {
    let families = Models::starting(&["gpt-4", "chatgpt-"]);
    assert!(families.include("gpt-4o") && families.include("ft:gpt-4o:acme") && families.include("chatgpt-4o-latest"));
    assert!(!families.include("gpt-5") && !families.include("my-gpt-4"));
    assert!(Models::All.include(""));
    assert!(Models::not_starting(&["gpt-4"]).include("gpt-7") && !Models::not_starting(&["gpt-4"]).include("gpt-4.1"));
}
