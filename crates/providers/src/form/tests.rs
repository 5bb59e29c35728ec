use super::*;
use serde_json::Value;

/// The shape that clients of `provider-types` rely on.
#[test]
fn forms_have_the_contracts_shape() {
    let forms: Value = serde_json::to_value(forms()).unwrap();
    for form in forms.as_array().unwrap() {
        for member in ["type", "name", "fields", "operations", "note", "built"] {
            assert!(form.get(member).is_some_and(|value| !value.is_null()), "{member}: {form}");
        }
        assert!(form["note"].as_str().unwrap().len() > 10, "{form}");
        for field in form["fields"].as_array().unwrap() {
            for member in ["name", "label", "kind", "required", "secret", "help", "place"] {
                assert!(field.get(member).is_some(), "{member}: {field}");
            }
        }
    }
    let kinds: Vec<_> = forms.as_array().unwrap().iter().map(|form| form["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["openai", "anthropic", "groq", "custom", "simulated"]);
}

#[test]
fn a_form_says_what_is_secret_required_and_where_it_stands() {
    let openai = form(crate::find("openai").unwrap());
    let api_key = openai.fields.iter().find(|field| field.name == "api_key").unwrap();
    assert_eq!((api_key.kind, api_key.required, api_key.secret, api_key.place), (FormKind::Secret, true, true, Place::Credentials));
    let base_url = openai.fields.iter().find(|field| field.name == "base_url").unwrap();
    assert_eq!((base_url.required, base_url.place, base_url.default), (false, Place::Provider, Some("https://api.openai.com/v1")));
    assert_eq!(openai.operations, ["chat", "completions", "embeddings", "models"]);
    let simulated = form(crate::find("simulated").unwrap());
    assert!(simulated.fields.is_empty() && simulated.base_url.is_none());
}

/// The options of the form are those that the reader of options takes, no more and no fewer.
#[test]
fn the_custom_form_has_every_option() {
    let custom = form(crate::find("custom").unwrap());
    assert!(custom.fields.iter().find(|field| field.name == "base_url").unwrap().required);
    for field in custom.fields.iter().filter(|field| field.place == Place::Provider && field.name != "base_url") {
        let faults = crate::CustomOptions::read(&serde_json::json!({field.name: {"a": 1}})).err().unwrap_or_default();
        assert!(!faults.iter().any(|fault| fault.problem.contains("not a known field") && fault.field == field.name), "{}", field.name);
        if let Some(example) = field.example.filter(|text| text.starts_with(['[', '{'])) {
            let value: Value = serde_json::from_str(example).unwrap();
            let options = crate::CustomOptions::read(&serde_json::json!({field.name: value})).unwrap();
            assert!(crate::Surface::custom(&options).is_ok(), "{example}");
        }
    }
    let said = crate::CustomOptions::read(&serde_json::json!({"zzz": 1})).unwrap_err();
    let listed = said[0].remedy.strip_prefix("there are: ").unwrap().split(", ");
    for option in listed {
        assert!(custom.fields.iter().any(|field| field.name == option), "{option}");
    }
}
