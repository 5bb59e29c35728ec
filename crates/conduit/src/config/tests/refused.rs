//! Fields whose feature is not built are refused by name, with their place, in every format.

use super::{keys, read};

/// A provider, a mapping and a key, each with room for one more field.
fn with(place: &str, field: &str) -> String {
    let at = |name: &str| if place == name { format!(", {field}") } else { String::new() };
    let top = if place.is_empty() { field } else { "" };
    format!(
        "providers:\n  - {{ name: a, type: simulated{} }}\nmodels:\n  - {{ name: m, provider: a, provider_model: x{} }}\nkeys:\n  - {{ name: k, key: \"env:CI_CONDUIT_KEY\"{} }}\n{top}\n",
        at("provider"),
        at("model"),
        at("key")
    )
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    for (place, field, expected) in [
        ("", "redis: { url: redis://h }", "F:7: redis is not built yet: remove it"),
        ("", "server: { tls: { cert: a, key: b } }", "F:7: server.tls is not built yet: remove it"),
        ("", "server: { trusted_proxies: [10.0.0.0/8] }", "F:7: server.trusted_proxies is not built yet: remove it"),
        ("", "server: { admin_listen: \"127.0.0.1:1\" }", "F:7: server.admin_listen is not built yet: remove it"),
        ("", "routing: { strategy: weighted }", "F:7: routing.strategy: `weighted` is not built yet: only `priority` is"),
        ("", "routing: { models: { m: { strategy: random } } }", "F:7: routing.models is not built yet: remove it"),
        ("", "routing: { fallbacks: [ { model: m, to: [n] } ] }", "F:7: routing.fallbacks is not built yet: remove it"),
        ("provider", "health: { enabled: true }", "F:2: providers[0].health is not built yet: remove it"),
        ("model", "weight: 2", "F:4: models[0].weight is not built yet: remove it, or leave it at 1"),
        ("model", "options: { base_model: x }", "F:4: models[0].options is not built yet: remove it"),
        ("model", "price: { input_per_million: 1 }", "F:4: models[0].price is not built yet: remove it"),
        ("key", "budget: { day: 5.00 }", "F:6: keys[0].budget is not built yet: remove it"),
        ("key", "limits: { requests_per_minute: 1 }", "F:6: keys[0].limits.requests_per_minute is not built yet: remove it"),
        ("key", "limits: { tokens_per_minute: 1 }", "F:6: keys[0].limits.tokens_per_minute is not built yet: remove it"),
    ] {
        let said = read("yaml", &with(place, field), &keys()).err().unwrap_or_else(|| panic!("{field} was taken"));
        assert_eq!(said, expected);
    }
}

#[test]
fn values_that_change_nothing_are_taken() {
    for (place, field) in [
        ("model", "weight: 1, strict: false, options: {}, parameters: {}, timeouts: {}, price: null"),
        ("key", "budget: {}, limits: {}"),
        ("", "routing: { strategy: priority, models: {}, fallbacks: [] }"),
        ("", "server: { trusted_proxies: [] }"),
        ("", "redis:"),
    ] {
        assert_eq!(read("yaml", &with(place, field), &keys()).err(), None, "{field}");
    }
}

#[test]
fn types_and_shapes_that_come_later_are_refused() {
    for kind in providers::NOT_BUILT {
        let said = read("yaml", &format!("providers:\n  - name: a\n    type: {kind}\n"), &keys())
            .err()
            .unwrap_or_else(|| panic!("{kind} was taken"));
        assert!(said.starts_with(&format!("F:3: providers[0].type: provider type '{kind}' is not built yet")), "{said}");
    }
}

#[test]
fn the_other_formats_refuse_as_well() {
    let toml = "[[keys]]\nname = \"k\"\nkey = \"env:CI_CONDUIT_KEY\"\n\n[keys.budget]\nday = 5.0\n";
    assert_eq!(read("toml", toml, &keys()).err().as_deref(), Some("F:5: keys[0].budget is not built yet: remove it"));
    let json = "{\n  \"keys\": [\n    { \"name\": \"k\", \"key\": \"env:CI_CONDUIT_KEY\",\n      \"budget\": { \"day\": 3 } }\n  ]\n}";
    assert_eq!(read("json", json, &keys()).err().as_deref(), Some("F:4: keys[0].budget is not built yet: remove it"));
}
