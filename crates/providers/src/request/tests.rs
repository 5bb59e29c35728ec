use super::*;
use crate::{Auth, DefaultTimeouts, FieldHeader, LimitHeaders, ModelList};
use chat::Operation;
use secrecy::SecretString;

fn credential(values: &[(&str, &str)]) -> Credential {
    Credential::new(values.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from((*value).to_owned()))).collect())
}

const fn text(name: &'static str, required: bool, secret: bool, default: Option<&'static str>) -> Field {
    Field { name, label: name, kind: FieldKind::Text, required, secret, help: "h", default }
}

/// A type that has every shape of header, and paths with the version in them.
static VERSIONED: Declaration = Declaration {
    kind: "versioned",
    label: "Versioned",
    note: "n",
    fields: &[
        text("key", true, true, None),
        text("version", false, false, Some("2023")),
        Field { kind: FieldKind::List, ..text("betas", false, false, None) },
    ],
    base_url: Some("https://api.example.com"),
    endpoints: &[Endpoint { operation: Operation::Chat, dialect: None, path: "/v1/messages" }],
    auth: Auth::Header { header: "x-api-key", field: "key" },
    field_headers: &[FieldHeader { field: "version", header: "x-version" }, FieldHeader { field: "betas", header: "x-betas" }],
    fixed_headers: &[("x-fixed", "1")],
    quirks: &[],
    closed: false,
    models: ModelList { path: "/v1/models" },
    limit_headers: LimitHeaders::OPENAI,
    timeouts: DefaultTimeouts::USUAL,
    end_marker_optional: false,
    in_process: false,
    request_id_header: "x-request-id",
    facts: |_| dialects::ModelFacts::default(),
};

#[test]
fn headers_are_authentication_fields_and_fixed_ones() {
    let headers = prepare_headers(&VERSIONED, &credential(&[("key", "s3cr3t"), ("betas", " a , b,,c ")])).unwrap();
    let get = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(get("x-api-key"), Some("s3cr3t"));
    assert_eq!(get("x-version"), Some("2023"), "the field's default");
    assert_eq!(get("x-betas"), Some("a,b,c"));
    assert_eq!(get("x-fixed"), Some("1"));
    assert_eq!(headers.len(), 4);
}

#[test]
fn openai_gets_bearer_organization_and_project() {
    let openai = crate::find("openai").unwrap();
    let headers = prepare_headers(openai, &credential(&[("api_key", "sk-1"), ("project", "proj_1")])).unwrap();
    assert_eq!(headers.get("authorization").unwrap(), "Bearer sk-1");
    assert_eq!(headers.get("openai-project").unwrap(), "proj_1");
    assert!(headers.get("openai-organization").is_none());
}

/// R55 and the secrets rule: a secret's header value is marked, so that Debug does not print it.
#[test]
fn secret_header_values_are_sensitive() {
    let headers = prepare_headers(&VERSIONED, &credential(&[("key", "s3cr3t")])).unwrap();
    assert!(headers.get("x-api-key").unwrap().is_sensitive());
    assert!(!format!("{headers:?}").contains("s3cr3t"));
    let openai = prepare_headers(crate::find("openai").unwrap(), &credential(&[("api_key", "s3cr3t")])).unwrap();
    assert!(!format!("{openai:?}").contains("s3cr3t"));
}

#[test]
fn a_missing_or_unusable_field_is_named() {
    assert_eq!(prepare_headers(&VERSIONED, &credential(&[])), Err(Missing { field: "key", unusable: false }));
    assert_eq!(prepare_headers(&VERSIONED, &credential(&[("key", "a\r\nb: c")])), Err(Missing { field: "key", unusable: true }));
    assert_eq!(
        prepare_headers(&VERSIONED, &credential(&[("key", "k"), ("version", "é")])),
        Err(Missing { field: "version", unusable: true })
    );
    let said = prepare_headers(&VERSIONED, &credential(&[("key", "a\nb")])).unwrap_err().to_string();
    assert_eq!(said, "credential field 'key' holds a character that a header cannot carry");
}

#[test]
fn no_authentication_needs_no_credential() {
    assert!(prepare_headers(crate::find("simulated").unwrap(), &Credential::default()).unwrap().is_empty());
}

#[test]
fn base_urls_are_brought_to_one_form() {
    let openai = crate::find("openai").unwrap();
    for (given, expected) in [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1//", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chat/completions/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/embeddings", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/models", "https://api.openai.com/v1"),
        ("http://127.0.0.1:9090/openai", "http://127.0.0.1:9090/openai"),
        ("http://[::1]:9090/openai/v1/", "http://[::1]:9090/openai/v1"),
    ] {
        assert_eq!(normalize_base_url(openai, given).unwrap(), expected, "{given}");
    }
    for given in ["https://h", "https://h/", "https://h/v1", "https://h/v1/", "https://h/v1/messages", "https://h/v1/models"] {
        let base = normalize_base_url(&VERSIONED, given).unwrap();
        assert_eq!(endpoint_url(&base, &VERSIONED.endpoints[0]), "https://h/v1/messages", "{given}");
    }
    assert_eq!(normalize_base_url(&VERSIONED, "https://h/a/v1").unwrap(), "https://h/a");
}

#[test]
fn normalizing_twice_changes_nothing_and_every_default_is_normal() {
    for declaration in crate::ALL {
        let Some(base) = declaration.base_url else { continue };
        assert_eq!(normalize_base_url(declaration, base).unwrap(), base, "{}", declaration.kind);
    }
}

#[test]
fn addresses_that_are_none_are_refused() {
    let openai = crate::find("openai").unwrap();
    for (given, problem) in [
        ("", "is not an address"),
        ("api.openai.com", "does not begin with"),
        ("api.openai.com/v1", "is not an address"),
        ("/v1", "does not begin with"),
        ("ftp://h/v1", "does not begin with"),
        ("https://user:pass@h/v1", "has a user name or password in it"),
        ("https://h/v1?key=1", "has a query"),
        ("https://h/v1#x", "has a query or a fragment"),
        (" https://h/v1", "white space"),
        ("https://h/v1\n", "white space"),
        ("https:///v1", "is not an address"),
    ] {
        let fault = normalize_base_url(openai, given).unwrap_err();
        assert!(fault.problem.contains(problem), "{given}: {fault}");
        assert!(!fault.to_string().contains("pass@"), "{fault}");
    }
}
