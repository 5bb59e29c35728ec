use super::*;

fn credential(values: &[(&str, &str)]) -> Credential {
    Credential::new(values.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from((*value).to_owned()))).collect())
}

fn said(kind: &str, values: &[(&str, &str)]) -> Vec<String> {
    let declaration = crate::find(kind).unwrap();
    credential_check(declaration, &credential(values)).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn good_values_pass() {
    assert_eq!(said("openai", &[("api_key", "sk-1"), ("organization", "org-1"), ("project", "proj_1")]), Vec::<String>::new());
    assert_eq!(said("groq", &[("api_key", "gsk_1")]), Vec::<String>::new());
    assert_eq!(said("simulated", &[]), Vec::<String>::new());
}

#[test]
fn each_fault_names_field_and_remedy() {
    let one = |values: &[(&str, &str)]| {
        let faults = said("openai", values);
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults.into_iter().next().unwrap()
    };
    assert!(one(&[]).starts_with("api_key is required by type 'openai' and not set: A project key"));
    assert_eq!(one(&[("api_key", "")]), "api_key is empty: fill it in, or leave the field out where it is optional");
    assert!(one(&[("api_key", " \t ")]).starts_with("api_key is empty"));
    assert!(one(&[("api_key", "sk-1"), ("organisation", "o")]).ends_with("did you mean 'organization'?"));
    assert!(one(&[("api_key", "sk-1"), ("zzz", "o")]).ends_with("its fields are: api_key, organization, project"));
    assert!(one(&[("api_key", "sk-1"), ("base_url", "http://x")]).ends_with("write base_url beside `credentials`, not inside"));
    assert!(one(&[("api_key", "sk-1"), ("api_key", "sk-2")]).starts_with("api_key is set twice"));
}

/// R55: nothing that could end a header line or start another gets into one.
#[test]
fn no_value_can_break_a_header() {
    for bad in ["sk-1\r\nx: y", "sk-1\n", "sk\u{0}1", "sk-1\u{7f}", "sk 1", "sk-1 ", "\tsk", "ské", "sk\u{2028}1"] {
        assert_eq!(said("openai", &[("api_key", bad)]).len(), 1, "{bad:?}");
        assert_eq!(said("openai", &[("api_key", "sk-1"), ("organization", bad)]).len(), 1, "{bad:?}");
    }
}

#[test]
fn several_faults_are_told_at_once_and_never_the_value() {
    let faults = said("openai", &[("api_key", "s3cr3t\n"), ("organization", "c4nary x"), ("nope", "h1dden")]);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults.iter().all(|fault| !fault.contains("s3cr3t") && !fault.contains("c4nary") && !fault.contains("h1dden")));
}

#[test]
fn debug_shows_names_only() {
    let shown = format!("{:?}", credential(&[("api_key", "s3cr3t")]));
    assert_eq!(shown, r#"["api_key"]"#);
}
