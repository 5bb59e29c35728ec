use super::*;

/// R60: short and well-known master keys are refused, with the way to make a good one.
#[test]
fn weak_master_keys_are_refused() {
    for key in [
        "",
        "short",
        "sk-1234",
        "1234567890123456789",
        "changeme-changeme-changeme",
        "my-master-PASSWORD-for-conduit",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababababababababab",
        "01234567890123456789",
        "a key with spaces in it, and long",
        "schlüssel-schlüssel-schlüssel",
    ] {
        let message = master_key(key).unwrap_err();
        assert!(message.contains("openssl rand -hex 32"), "{message}");
        assert!(key.is_empty() || !message.contains(key), "{message}");
    }
}

#[test]
fn random_master_keys_pass() {
    for key in ["9f3c1be07ad24568b1f3c9e2d7405a6b8c1d2e3f4a5b6c7d8e9fa0b1c2d3e4f5", "Zq8vB3nLx7KpT2wRm5Yd", "mk_live_h7Gd92kLmQ0zXv4B"] {
        assert_eq!(master_key(key), Ok(()), "{key}");
    }
}
