use super::*;

/// R67: a provider's error that echoes a key shows none of it.
#[test]
fn keys_are_masked_whatever_their_maker() {
    let keys = [
        "sk-proj-abcDEF1234567890",
        "sk-ab***********************wxyz",
        "sk-ant-api03-AbCdEf123456",
        "gsk_a1b2c3d4e5f6g7h8",
        "AIzaSyA1234567890abcdefghij",
        "AKIASIMULATED0000000",
        "condt_4f9XkQ2mZp81",
        "hf_AbCdEfGhIjKlMnOp",
        "org-a1b2c3d4e5f6",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.abc",
    ];
    for key in keys {
        for text in [
            format!("Incorrect API key provided: {key}. You can find yours elsewhere."),
            format!("{{\"header\":\"Bearer {key}\"}}"),
            format!("got `{key}`"),
            format!("url?key={key}&x=1"),
        ] {
            let clean = scrub(&text);
            assert!(!clean.contains(key) && clean.contains(MASK), "{clean}");
            assert!(!clean.contains(&key[key.len() - 4..]), "the tail of the key stands in: {clean}");
        }
    }
}

#[test]
fn text_after_a_word_that_announces_a_secret_is_masked() {
    for text in [
        "the key 0123456789abcdef0123456789abcdef is unknown",
        "api_key=Zm9vYmFyYmF6cXV4MTIz was refused",
        "Authorization: Bearer plainword",
        "password hunter2hunter2",
        "invalid token: 'aGVsbG8gd29ybGQ1234'",
    ] {
        assert!(scrub(text).contains(MASK), "{}", scrub(text));
    }
}

#[test]
fn ordinary_messages_stay_as_they_are() {
    for text in [
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "The model `gpt-4o-mini-2024-07-18` does not exist or you do not have access to it.",
        "Missing required parameter: 'messages[0].content[1].image_url'.",
        "Rate limit reached for requests per minute (req_01kh52abcdef): Limit 30, Used 30. Please try again in 1.57s.",
        "Zeile eins\nZeile zwei: größer",
        "desk-top risk-free task-1234567890",
    ] {
        assert_eq!(scrub(text), text);
    }
}

#[test]
fn long_text_is_capped_and_control_characters_go() {
    let long = "ä ".repeat(5_000);
    let clean = scrub(&long);
    assert_eq!(clean.chars().count(), MOST_CHARACTERS + 1);
    assert_eq!(scrub("a\u{0}b\u{1b}[31mc\r\n"), "ab[31mc\n");
}
