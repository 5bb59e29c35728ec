use super::*;

const KINDS: &[FaultKind] = &[
    K::InvalidRequest,
    K::UnsupportedParameter,
    K::UnsupportedOperation,
    K::NoSuchRoute,
    K::MethodNotAllowed,
    K::InvalidKey,
    K::ModelNotAllowed,
    K::OperationNotAllowed,
    K::IpNotAllowed,
    K::ModelNotFound,
    K::IdempotencyInProgress,
    K::IdempotencyMismatch,
    K::RequestTooLarge,
    K::RequestTimeout,
    K::RateLimited,
    K::BudgetExceeded,
    K::ProviderRejected,
    K::ProviderRateLimited,
    K::ProviderAuthFailed,
    K::ProviderModelNotFound,
    K::ProviderBadResponse,
    K::ProviderQuotaExceeded,
    K::ProviderUnavailable,
    K::ProviderTimeout,
    K::Overloaded,
    K::Draining,
    K::StorageUnavailable,
    K::Internal,
    K::CallerGone,
];

/// The compiler says when a kind is missing here; then it belongs into [`KINDS`] too.
fn place(kind: FaultKind) -> usize {
    let known = |kind: FaultKind| KINDS.iter().position(|have| *have == kind);
    match kind {
        K::InvalidRequest | K::UnsupportedParameter | K::UnsupportedOperation | K::NoSuchRoute | K::MethodNotAllowed => known(kind),
        K::InvalidKey | K::ModelNotAllowed | K::OperationNotAllowed | K::IpNotAllowed | K::ModelNotFound => known(kind),
        K::IdempotencyInProgress | K::IdempotencyMismatch | K::RequestTooLarge | K::RequestTimeout => known(kind),
        K::RateLimited | K::BudgetExceeded | K::ProviderRejected | K::ProviderRateLimited | K::ProviderAuthFailed => known(kind),
        K::ProviderModelNotFound | K::ProviderBadResponse | K::ProviderQuotaExceeded | K::ProviderUnavailable => known(kind),
        K::ProviderTimeout | K::Overloaded | K::Draining | K::StorageUnavailable | K::Internal | K::CallerGone => known(kind),
    }
    .unwrap_or_else(|| panic!("{kind:?} is not in KINDS"))
}

#[test]
fn the_table_has_one_row_for_each_kind_under_a_name_of_its_own() {
    assert_eq!(TABLE.len(), KINDS.len());
    for kind in KINDS {
        assert_eq!(KINDS[place(*kind)], *kind);
        let rows: Vec<&Rule> = TABLE.iter().filter(|rule| rule.kind == *kind).collect();
        assert_eq!(rows.len(), 1, "{kind:?}");
        assert_eq!(TABLE.iter().filter(|rule| rule.name == rows[0].name).count(), 1, "{}", rows[0].name);
        assert_eq!(kind.rule(), rows[0]);
    }
}

/// The table of contract.md, "Data plane".
#[test]
fn statuses_types_and_codes_are_those_of_the_contract() {
    let rows: &[(FaultKind, u16, &str, Option<&str>)] = &[
        (K::InvalidRequest, 400, "invalid_request_error", None),
        (K::UnsupportedParameter, 400, "invalid_request_error", Some("unsupported_parameter")),
        (K::UnsupportedOperation, 400, "invalid_request_error", Some("unsupported_operation")),
        (K::InvalidKey, 401, "authentication_error", Some("invalid_api_key")),
        (K::ModelNotAllowed, 403, "permission_error", Some("model_not_allowed")),
        (K::OperationNotAllowed, 403, "permission_error", Some("operation_not_allowed")),
        (K::IpNotAllowed, 403, "permission_error", Some("ip_not_allowed")),
        (K::ModelNotFound, 404, "invalid_request_error", Some("model_not_found")),
        (K::IdempotencyInProgress, 409, "invalid_request_error", Some("idempotency_conflict")),
        (K::IdempotencyMismatch, 422, "invalid_request_error", Some("idempotency_conflict")),
        (K::RequestTooLarge, 413, "invalid_request_error", Some("request_too_large")),
        (K::RateLimited, 429, "rate_limit_error", Some("rate_limit_exceeded")),
        (K::BudgetExceeded, 429, "insufficient_quota", Some("budget_exceeded")),
        (K::ProviderRateLimited, 429, "rate_limit_error", Some("provider_rate_limited")),
        (K::ProviderAuthFailed, 502, "upstream_error", Some("provider_auth_failed")),
        (K::ProviderModelNotFound, 502, "upstream_error", Some("provider_model_not_found")),
        (K::ProviderBadResponse, 502, "upstream_error", Some("provider_bad_response")),
        (K::ProviderQuotaExceeded, 503, "upstream_error", Some("provider_quota_exceeded")),
        (K::ProviderUnavailable, 503, "upstream_error", Some("provider_unavailable")),
        (K::Overloaded, 503, "server_error", Some("overloaded")),
        (K::Draining, 503, "server_error", Some("draining")),
        (K::StorageUnavailable, 503, "server_error", Some("storage_unavailable")),
        (K::ProviderTimeout, 504, "upstream_error", Some("provider_timeout")),
    ];
    for (kind, status, openai_type, code) in rows {
        let rule = kind.rule();
        assert_eq!((rule.status, rule.openai_type, rule.code), (*status, *openai_type, *code), "{kind:?}");
    }
}

/// An upstream 401 never reaches the caller as 401, and only the provider's own 4xx about the request keeps its status.
#[test]
fn only_a_rejected_request_keeps_the_providers_status() {
    for kind in KINDS {
        let mut fault = Fault::new(*kind, Origin::Provider, Step::FirstByte, "x");
        fault.provider_status = Some(422);
        let expected = if *kind == K::ProviderRejected { 422 } else { kind.rule().status };
        assert_eq!(fault.status(), expected, "{kind:?}");
    }
    let mut odd = Fault::new(K::ProviderRejected, Origin::Provider, Step::FirstByte, "x");
    odd.provider_status = Some(200);
    assert_eq!(odd.status(), 400);
}

/// R17: what the caller, the credential or the account is at fault for is never asked again in the same way.
#[test]
fn what_cannot_help_is_not_tried_again() {
    for kind in [K::ProviderRejected, K::ProviderAuthFailed, K::ProviderModelNotFound, K::ProviderQuotaExceeded] {
        assert!(!kind.rule().retry_same, "{kind:?}");
    }
    assert!(!K::ProviderRejected.rule().try_target && !K::BudgetExceeded.rule().caller_may_retry);
    assert!(!K::ProviderQuotaExceeded.rule().caller_may_retry && K::ProviderQuotaExceeded.rule().try_target);
    for rule in TABLE.iter().filter(|rule| !rule.name.starts_with("provider_")) {
        assert!(!rule.retry_same && !rule.try_credential && !rule.try_target, "{}: not the provider's fault", rule.name);
    }
}

#[test]
fn a_providers_own_code_replaces_the_tables() {
    let mut fault = Fault::new(K::ProviderRejected, Origin::Provider, Step::FirstByte, "x");
    assert_eq!(fault.code(), None);
    fault.code = Some("context_length_exceeded".into());
    assert_eq!(fault.code(), Some("context_length_exceeded"));
}

#[test]
fn the_document_has_a_line_for_each_row() {
    let page = markdown();
    for rule in TABLE {
        let line = page.lines().find(|line| line.starts_with(&format!("| `{}` |", rule.name))).expect(rule.name);
        assert_eq!(line.matches('|').count(), 12, "{line}");
        assert!(line.contains(rule.meaning));
    }
}
