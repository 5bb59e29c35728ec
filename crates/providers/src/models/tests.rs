use super::*;
use std::path::PathBuf;

fn parsed(kind: &str, body: &str) -> Page {
    parse(crate::find(kind).unwrap(), body.as_bytes()).unwrap()
}

#[test]
fn openai_lists_ids_and_owners() {
    let page = parsed(
        "openai",
        r#"{"object":"list","data":[{"id":"gpt-6-sol","object":"model","created":1770000000,"owned_by":"system","shutdown_date":null}]}"#,
    );
    let expected = ListedModel {
        id: "gpt-6-sol".into(),
        created: Some(1_770_000_000),
        owned_by: Some("system".into()),
        active: true,
        ..ListedModel::default()
    };
    assert_eq!(page, Page { models: vec![expected], after: None });
}

#[test]
fn groq_adds_windows_and_activity() {
    let page = parsed(
        "groq",
        r#"{"object":"list","data":[{"id":"a/b","object":"model","created":1,"owned_by":"X","active":false,"context_window":131072,"public_apps":null,"max_completion_tokens":65536}]}"#,
    );
    let model = &page.models[0];
    assert_eq!((model.context, model.max_output, model.active), (Some(131_072), Some(65_536), false));
}

#[test]
fn anthropic_pages_and_stamps() {
    let body = r#"{"data":[{"type":"model","id":"claude-x","display_name":"Claude X","created_at":"2026-01-02T03:04:05Z","lifecycle":"active","max_input_tokens":200000,"max_tokens":64000,"capabilities":{"effort":{"supported":true}}},
        {"type":"model","id":"claude-old","display_name":"Old","created_at":"2024-01-02T03:04:05Z","lifecycle":"retired"}],"has_more":true,"first_id":"claude-x","last_id":"claude-old"}"#;
    let page = parsed("anthropic", body);
    assert_eq!(page.after.as_deref(), Some("claude-old"));
    let first = &page.models[0];
    assert_eq!((first.display_name.as_deref(), first.created), (Some("Claude X"), Some(1_767_323_045)));
    assert_eq!((first.context, first.max_output, first.active), (Some(200_000), Some(64_000), true));
    assert!(!page.models[1].active);
    let last = parsed("anthropic", r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#);
    assert_eq!(last, Page::default());
}

#[test]
fn one_model_is_a_list_of_one() {
    assert_eq!(parsed("openai", r#"{"id":"gpt-4","object":"model","created":1,"owned_by":"openai"}"#).models.len(), 1);
}

#[test]
fn garbage_is_a_bad_response() {
    for body in ["", "<html>", "[]", "{}", r#"{"data":{}}"#, r#"{"data":[{"object":"model"}]}"#, r#"{"data":[],"has_more":true}"#] {
        let fault = parse(crate::find("openai").unwrap(), body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, chat::FaultKind::ProviderBadResponse, "{body}");
        assert!(fault.message.contains("'openai'"), "{fault}");
    }
}

#[test]
fn the_address_carries_the_page() {
    let openai = Surface::of(crate::find("openai").unwrap());
    assert_eq!(url(&openai, "https://h/v1", None), "https://h/v1/models");
    assert_eq!(url(&openai, "https://h/v1", Some("a/b &c")), "https://h/v1/models?limit=1000&after_id=a%2Fb%20%26c");
}

/// Every recorded model list and model of the types built here is read, with an id on each model.
#[test]
fn recorded_lists_are_read() {
    let Some(recorded) = recorded() else { return };
    let mut read = 0;
    for declaration in crate::ALL {
        let Ok(folder) = std::fs::read_dir(recorded.join(declaration.kind)) else { continue };
        for entry in folder.map(|entry| entry.unwrap()) {
            if !entry.file_name().to_string_lossy().starts_with("models-") {
                continue;
            }
            let record: serde_json::Value = serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap();
            let body = record["response"]["body_text"].as_str().unwrap();
            let page = parse(declaration, body.as_bytes()).unwrap_or_else(|fault| panic!("{:?}: {fault} {:?}", entry.path(), fault.cause));
            assert!(!page.models.is_empty() && page.models.iter().all(|model| !model.id.is_empty()), "{:?}", entry.path());
            if declaration.kind == "groq" {
                assert!(page.models.iter().all(|model| model.context.is_some()), "{:?}", entry.path());
            }
            read += 1;
        }
    }
    assert!(read >= 4, "only {read} records were found");
}

fn recorded() -> Option<PathBuf> {
    let shared =
        std::env::var_os("CONDUIT_SHARED").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let recorded = shared.join("recorded");
    if recorded.is_dir() {
        return Some(recorded);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no recorded traffic at {}", recorded.display());
    println!("SKIPPED: no recorded traffic at {}", recorded.display());
    None
}

fn lenient(body: &str) -> Vec<ListedModel> {
    let surface = Surface::custom(&crate::CustomOptions::default()).unwrap();
    read(&surface, body.as_bytes()).unwrap_or_else(|fault| panic!("{body}: {fault}")).models
}

/// `providers/custom.md §1`, "Model lists".
#[test]
fn lists_of_local_servers_are_read() {
    let vllm = r#"{"object":"list","data":[{"id":"qwen","object":"model","created":1749994809,"owned_by":"vllm","root":"q","parent":null,"max_model_len":32768,"permission":[]}]}"#;
    assert_eq!((lenient(vllm)[0].context, lenient(vllm)[0].created), (Some(32_768), Some(1_749_994_809)));
    let llamacpp = r#"{"models":[{"name":"a.gguf"}],"object":"list","data":[{"id":"/m/a.gguf","owned_by":"llamacpp","created":1.5,"meta":{"n_ctx_train":4096,"n_params":7}}]}"#;
    assert_eq!((lenient(llamacpp)[0].id.as_str(), lenient(llamacpp)[0].context), ("/m/a.gguf", Some(4096)));
    assert_eq!(lenient(r#"{"data":[{"id":"a","meta":null,"status":{"value":"unloaded"}}]}"#)[0].id, "a");
    let openrouter = r#"{"data":[{"id":"x/y","name":"Y","created":"1749994809","context_length":131072,"top_provider":{"max_completion_tokens":8192}}]}"#;
    let model = &lenient(openrouter)[0];
    assert_eq!((model.display_name.as_deref(), model.context, model.max_output), (Some("Y"), Some(131_072), Some(8192)));
    for (body, count) in [
        (r#"[{"id":"a"},{"id":"b"}]"#, 2),
        (r#"["a","b","c"]"#, 3),
        (r#"{"models":[{"name":"a"}]}"#, 1),
        (r#"{"models":[{"model":"a"}]}"#, 1),
        ("\u{feff}\n {\"data\":[]}", 0),
        (r#"{"id":"a","object":"model"}"#, 1),
    ] {
        assert_eq!(lenient(body).len(), count, "{body}");
    }
}

#[test]
fn what_is_no_list_is_no_list_however_lenient() {
    let surface = Surface::custom(&crate::CustomOptions::default()).unwrap();
    for body in [
        "",
        "<html>",
        "ok",
        "{}",
        "1",
        r#"{"error":"Unexpected endpoint or method. (GET /v1/models)"}"#,
        r#"{"data":[{}]}"#,
        r#"{"data":1}"#,
    ] {
        let fault = read(&surface, body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, chat::FaultKind::ProviderBadResponse, "{body}");
    }
}
