use super::*;

/// R64: at no level do libraries print what passes through them.
#[test]
fn libraries_stay_discreet_at_every_level() {
    for wanted in ["trace", "debug", "conduit=trace,hyper=trace", "h2=debug", "TRACE", "sqlx::query=trace"] {
        let shown = filter(wanted).unwrap().to_string();
        let loud = shown.split(',').any(|one| {
            let (target, level) = one.split_once('=').unwrap_or(("", one));
            let library = target.split("::").next().unwrap_or_default();
            DISCREET.contains(&library) && matches!(level, "trace" | "debug")
        });
        assert!(!loud, "{wanted} becomes {shown}");
    }
}

#[test]
fn quiet_levels_stay_as_they_are() {
    assert_eq!(filter("warn").unwrap().to_string(), "warn");
    for mistyped in ["no such level=", "inof", "conduit=loud", "[span]=debug", "a b=info"] {
        assert!(filter(mistyped).is_err(), "{mistyped}");
    }
}
