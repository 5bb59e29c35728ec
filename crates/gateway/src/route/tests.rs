use super::*;

#[test]
fn the_paths_of_the_contract_are_found_with_and_without_v1_and_slash() {
    for (path, route) in [
        ("/v1/chat/completions", (Operation::Chat, DialectId::OpenaiChat)),
        ("/chat/completions/", (Operation::Chat, DialectId::OpenaiChat)),
        ("/v1/messages", (Operation::Chat, DialectId::AnthropicMessages)),
        ("/v1/messages/count_tokens", (Operation::CountTokens, DialectId::AnthropicMessages)),
        ("/v1/completions", (Operation::Completions, DialectId::OpenaiCompletions)),
        ("/v1/embeddings", (Operation::Embeddings, DialectId::OpenaiChat)),
    ] {
        let (operation, dialect) = route;
        assert_eq!(Route::find(&Method::POST, path), Ok(Route::Inference(Call { operation, dialect })), "{path}");
        assert_eq!(super::dialect(path), dialect, "its errors are of its dialect: {path}");
    }
    for (path, route) in [
        ("/v1/models", Route::Models),
        ("/models/", Route::Models),
        ("/v1/models/meta/llama:70b", Route::Model("meta/llama:70b".into())),
        ("/v1/models/meta%2Fllama", Route::Model("meta/llama".into())),
        ("/health/live", Route::Live),
        ("/readyz", Route::Ready),
    ] {
        assert_eq!(Route::find(&Method::GET, path), Ok(route), "{path}");
    }
}

#[test]
fn a_wrong_method_and_an_unknown_path_are_told_apart() {
    assert_eq!(Route::find(&Method::GET, "/v1/chat/completions").unwrap_err().kind, FaultKind::MethodNotAllowed);
    assert_eq!(Route::find(&Method::POST, "/v1/nothing").unwrap_err().kind, FaultKind::NoSuchRoute);
    assert_eq!(Route::find(&Method::GET, "/v1").unwrap_err().kind, FaultKind::NoSuchRoute);
}

#[test]
fn a_route_of_the_contract_that_is_not_built_is_refused_by_name() {
    for path in ["/v1/responses", "/metrics", "/admin/v1/virtual-keys"] {
        let fault = Route::find(&Method::POST, path).unwrap_err();
        assert!(fault.message.contains("not built"), "{path}: {}", fault.message);
    }
}
