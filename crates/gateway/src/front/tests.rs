use super::*;

/// R59: a path finds the desk by its letters; no other spelling of it does.
#[test]
fn only_the_exact_path_reaches_a_desk() {
    for path in ["/admin/v1", "/admin/v1/virtual-keys", "/admin/v1/../x", "/docs", "/docs/a.css", "/openapi.json"] {
        assert_eq!(Desk::of(path), Some(Desk::Admin), "{path}");
    }
    assert_eq!(Desk::of("/metrics"), Some(Desk::Metrics));
    for path in [
        "//admin/v1/x",
        "/admin/v2/x",
        "/admin/v1;x",
        "/ADMIN/v1/x",
        "/%61dmin/v1/x",
        "/./admin/v1/x",
        "/admin//v1/x",
        "/metrics/",
        "/v1/admin/v1/x",
        "/docsx",
    ] {
        assert_eq!(Desk::of(path), None, "{path}");
    }
}

#[test]
fn a_target_with_a_host_is_reduced_to_its_path() {
    assert_eq!(origin_form(&Uri::from_static("http://a:1/admin/v1/system?x=1")), "/admin/v1/system?x=1");
    assert_eq!(origin_form(&Uri::from_static("/docs")), "/docs");
}
