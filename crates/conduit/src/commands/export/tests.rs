use super::*;
use crate::config::{CommandLine, load};
use secrecy::ExposeSecret;

fn state() -> State {
    let standing = |mut object: Value| {
        let more = json!({ "id": "1", "source": "database", "version": 3, "enabled": true, "problem": null });
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    };
    let one = standing(json!({ "name": "main \"one\"", "type": "openai", "base_url": null, "allow_private_network": false, "timeouts": {},
        "max_in_flight": 7, "credentials": [{ "name": "default", "weight": 1, "api_key": { "set": true, "tail": "3Yu5" }, "organization": "org-1" }] }));
    let two =
        standing(json!({ "name": "main-one", "type": "openai", "base_url": "https://api.openai.com/v1", "allow_private_network": false,
        "timeouts": { "connect": "5s" }, "credentials": [
            { "name": "a", "weight": 2, "api_key": { "set": true } }, { "name": "b", "weight": 0, "api_key": { "set": true } }] }));
    let lab = standing(json!({ "name": "lab", "type": "custom", "base_url": "https://lab.example.com", "credentials": [],
        "custom": { "preset": "vllm", "append_v1": false, "auth_prefix": "", "headers": { "x-tenant": { "set": true, "tail": "3Yu5" } } } }));
    let mapping =
        standing(json!({ "virtual_model": "m*", "provider": "main-one", "provider_id": "2", "provider_model": "gpt-*", "priority": 2,
        "weight": 0, "strict": true, "options": {}, "parameters": { "stop": ["a: b", "#"] },
        "timeouts": { "connect": "5s", "total": "9s" } }));
    let mut stopped = standing(json!({ "name": "stopped", "type": "simulated", "credentials": [] }));
    stopped["enabled"] = json!(false);
    let orphan = standing(json!({ "virtual_model": "orphan", "provider": "stopped", "provider_model": "sim-chat", "priority": 1 }));
    let key = standing(
        json!({ "name": "ci", "models": ["m*"], "operations": ["chat"], "limits": { "concurrency": 3 }, "expires_at": "2027-01-31T00:00:00Z" }),
    );
    let mut off =
        standing(json!({ "name": "off", "models": null, "operations": null, "limits": { "concurrency": null }, "expires_at": null }));
    off["enabled"] = json!(false);
    let locked = standing(json!({ "name": "locked", "models": [], "operations": null, "limits": {}, "expires_at": null }));
    let mut halted = standing(json!({ "name": "halted", "models": null, "operations": null, "limits": {}, "expires_at": null }));
    halted["suspended"] = json!(true);
    State { providers: vec![one, two, lab, stopped], mappings: vec![mapping, orphan], keys: vec![key, off, locked, halted] }
}

/// What is exported is a configuration again, once its variables are set; and no part of a secret is in it.
#[test]
fn what_is_exported_is_read_back() {
    let mut export = Export::default();
    let document = export.document(&state(), false);
    let left_out = ["provider `stopped`", "mapping `orphan`", "key `off`", "key `locked`", "key `halted`"];
    assert_eq!(export.notes.iter().map(|note| note.rsplit(": ").next().unwrap()).collect::<Vec<_>>(), left_out);
    let text = yaml::write(&export.heading("http://h"), &document);
    assert!(!text.contains("3Yu5") && text.contains("#   MAIN__ONE__API_KEY"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("c.yaml", text), ("c.json", document.to_string())] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let environment = export.variables.iter().enumerate().fold(Environment::default(), |environment, (at, name)| {
            environment.with(name, &format!("a-secret-of-the-test-{at}-7Xq2mV9sLw4T"))
        });
        let command_line = CommandLine { config: Some(path), ..CommandLine::default() };
        let config = load(&command_line, &environment).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(config.providers.len(), 3);
        let custom = config.providers[2].custom.clone().unwrap();
        assert_eq!((custom.append_v1, custom.auth_prefix.as_deref(), custom.headers.len()), (Some(false), Some(""), 1));
        assert_eq!(config.providers[0].name, "main \"one\"");
        assert_eq!(config.providers[0].max_in_flight, Some(7));
        let credentials = &config.providers[1].credentials;
        assert_eq!(credentials.iter().map(|one| (one.name.as_str(), one.weight)).collect::<Vec<_>>(), [("a", 2), ("b", 0)]);
        assert_eq!((config.mappings[0].strict, config.mappings[0].priority), (true, 2));
        assert_eq!(config.mappings[0].parameters["stop"], json!(["a: b", "#"]));
        assert_eq!(config.mappings[0].timeouts.total, Some(std::time::Duration::from_secs(9)));
        assert_eq!((config.keys.len(), config.keys[0].concurrency), (1, Some(3)));
        assert!(config.keys[0].key.expose_secret().starts_with("a-secret-of-the-test"));
    }
}

/// A provider of the file that is switched off takes its mappings of the database with it, although it is not exported itself.
#[test]
fn of_the_database_alone_nothing_points_nowhere() {
    let mut state = state();
    state.providers[3]["source"] = json!("file");
    let document = Export::default().document(&state, true);
    assert_eq!((document["providers"].as_array().unwrap().len(), document["models"].as_array().unwrap().len()), (3, 1));
}
