//! The simulator's servers and their garbage through the real program: what imitates OpenAI is served, and what is no answer never looks like one.

use crate::harness::{Ask, Gateway, KEY, Reply, Setup, Simulator, openai};
use serde_json::json;

/// Name, type, path below the simulator, model.
const PROVIDERS: [(&str, &str, &str, &str); 4] = [
    ("o", "openai", "openai/v1", "gpt-4o"),
    ("a", "anthropic", "anthropic", "claude-haiku-4-5"),
    ("g", "groq", "groq/openai/v1", "llama-3.3-70b-versatile"),
    ("v", "custom", "custom/vllm/v1", "qwen3-8b"),
];

const SERVERS: [(&str, &str); 4] = [("vllm", "vllm"), ("llama.cpp", "llamacpp"), ("lm-studio", "lmstudio"), ("tgi", "tgi")];

const GARBAGE: [&str; 11] =
    ["html", "json", "type", "utf8", "gzip", "redirect", "endless-body", "not-http", "half-head", "bad-chunk", "endless-head"];

fn ask(gateway: &Gateway, model: &str, stream: bool) -> Reply {
    let body = if stream { openai::chat_stream(model) } else { openai::chat(model) };
    Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address())
}

fn is_complete(reply: &Reply) -> bool {
    reply.status == 200 && !reply.text().contains("\"error\"")
}

/// R13: no kind of garbage is taken for an answer, and the next request is served.
#[test]
fn garbage_of_every_kind_from_every_provider_is_an_error() {
    let simulator = Simulator::start();
    let mut setup = Setup::new();
    for (name, kind, path, model) in PROVIDERS {
        setup = setup.provider_entry(&format!(
            "name: {name}, type: {kind}, base_url: \"{}\", credentials: {{ api_key: sim-{name}-key }}, \
             timeouts: {{ connect: 2s, first_byte: 8s, idle: 4s, total: 8s }}",
            simulator.url(path)
        ));
        setup = setup.model(&format!("{name}-well"), name, model, 1);
        for garbage in GARBAGE {
            setup = setup.model(&format!("{name}-{garbage}"), name, &format!("{model};garbage={garbage}"), 1);
        }
        setup = setup.model(&format!("{name}-slow"), name, &format!("{model};slow-head=1ms"), 1);
    }
    let gateway = setup.log("info").start();
    for (name, kind, _, _) in PROVIDERS {
        for stream in [false, true] {
            for garbage in GARBAGE {
                let reply = ask(&gateway, &format!("{name}-{garbage}"), stream);
                // A wrong label on the right bytes does no harm: they are judged by what they are. A stream must be called one, except by a
                // server of one's own.
                let may_pass = garbage == "gzip" || garbage == "type" && (!stream || kind == "custom");
                let refused = [502, 503, 504].contains(&reply.status) || reply.status == 200;
                let shown: String = reply.text().chars().take(300).collect();
                let as_it_should_be = if is_complete(&reply) { may_pass } else { refused };
                assert!(as_it_should_be, "{kind}, {garbage}, stream {stream}: {} {shown}", reply.status);
            }
            for model in ["well", "slow"] {
                let reply = ask(&gateway, &format!("{name}-{model}"), stream);
                assert!(is_complete(&reply), "{kind}-{model}, stream {stream}: {} {}", reply.status, reply.text());
            }
        }
    }
}

/// What the servers do otherwise than OpenAI reaches a caller in OpenAI's form (`providers/custom.md` §2 to §5).
#[test]
fn servers_of_ones_own_are_served_in_openais_form() {
    let simulator = Simulator::start();
    let mut setup = Setup::new();
    for (server, preset) in SERVERS {
        setup = setup.provider_entry(&format!(
            "name: \"{server}\", type: custom, preset: {preset}, base_url: \"{}\", credentials: {{ api_key: sim-{preset}-key }}",
            simulator.url(&format!("custom/{server}/v1"))
        ));
        setup = setup.model(preset, server, "m-think", 1).model(&format!("{preset}-broken"), server, "m;error-at=3", 1);
    }
    let gateway = setup.start();
    for (server, preset) in SERVERS {
        let whole = ask(&gateway, preset, false);
        assert_eq!(whole.status, 200, "{server}: {}", whole.text());
        assert!(whole.json()["choices"][0]["message"]["content"].as_str().is_some_and(|text| text.contains("hello")), "{server}");
        let stream = ask(&gateway, preset, true);
        // The space behind the colon is the server's to leave out.
        let text = stream.text().replace("data:{", "data: {").replace("data:[", "data: [");
        assert!(stream.status == 200 && text.ends_with("data: [DONE]\n\n") && text.matches("[DONE]").count() == 1, "{server}: {text}");
        assert!(!is_complete(&ask(&gateway, &format!("{preset}-broken"), true)), "{server}: an error in the stream");

        let mut body = openai::chat(preset);
        body["messages"] = json!([{"role": "developer", "content": "be brief"}, {"role": "user", "content": "hello"}]);
        let developer = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
        assert_eq!(developer.status, 200, "{server}: a developer's message: {}", developer.text());
        let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]);
        let mut body = openai::chat(preset);
        body["tools"] = tools;
        body["tool_choice"] = json!("required");
        let called = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
        assert_eq!(called.status, 200, "{server}: {}", called.text());
        let choice = &called.json()["choices"][0];
        assert_eq!(choice["finish_reason"], "tool_calls", "{server}");
        assert!(choice["message"]["tool_calls"][0]["id"].as_str().is_some_and(|id| !id.is_empty()), "{server}");
    }
    // A refusal arrives with the server's words, whatever shape they came in.
    let mut body = openai::chat("lmstudio");
    body["messages"] = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]);
    let refused = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("base64"), "{}", refused.text());
}

/// The way that real providers are reached: TLS, with HTTP/2 where the other side has it.
#[test]
fn providers_are_reached_over_tls_and_a_certificate_that_nobody_trusts_is_refused() {
    let simulator = Simulator::start_tls();
    let with_providers = || {
        PROVIDERS.iter().fold(Setup::new(), |setup, (name, kind, path, model)| {
            let url = simulator.url(path);
            setup
                .provider_entry(&format!("name: {name}, type: {kind}, base_url: \"{url}\", credentials: {{ api_key: sim-{name}-key }}"))
                .model(name, name, model, 1)
        })
    };
    let gateway = with_providers().trusting(simulator.certificate()).start();
    for (name, kind, _, _) in PROVIDERS {
        for stream in [false, true] {
            let replies: Vec<Reply> = std::thread::scope(|scope| {
                let callers: Vec<_> = (0..5).map(|_| scope.spawn(|| ask(&gateway, name, stream))).collect();
                callers.into_iter().map(|caller| caller.join().unwrap()).collect()
            });
            for reply in replies {
                assert!(is_complete(&reply), "{kind}, stream {stream}: {} {}", reply.status, reply.text());
            }
        }
    }
    drop(gateway);
    let gateway = with_providers().start();
    for (name, kind, _, _) in PROVIDERS {
        let reply = ask(&gateway, name, false);
        assert_eq!(reply.status, 503, "{kind}: {}", reply.text());
        assert!(reply.text().contains("TLS"), "{kind}: {}", reply.text());
    }
}
