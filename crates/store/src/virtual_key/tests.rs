use super::*;
use secrecy::ExposeSecret;
use std::collections::HashSet;

#[test]
fn base62_is_the_number_in_that_base() {
    assert_eq!(&*base62(&[0, 0], 4), "0000");
    assert_eq!(&*base62(&[61], 2), "0z");
    assert_eq!(&*base62(&[62], 2), "10");
    assert_eq!(&*base62(&u32::MAX.to_be_bytes(), 6), "4gfFC3");
    assert_eq!(base62(&[0xff; 32], BODY).len(), BODY);
    // 62^43 exceeds 2^256: no digit is lost.
    assert_eq!(base62(&[0xff; 32], BODY + 3).chars().take(3).collect::<String>(), "000");
}

/// R68: the form, the entropy as far as a test can see it, and the checksum.
#[test]
fn made_keys_have_their_form_and_checksum() {
    let mut seen = HashSet::new();
    for _ in 0..500 {
        let key = generate().unwrap();
        let text = key.secret.expose_secret();
        assert_eq!(text.len(), 55);
        assert!(text.starts_with("condt_") && looks_valid(text));
        assert!(text.ends_with(&key.tail) && key.tail.len() == 4);
        assert!(seen.insert(text[6..49].to_owned()));
    }
    let first_digits: HashSet<_> = seen.iter().map(|body| body.as_bytes()[20]).collect();
    assert!(first_digits.len() > 55, "all 62 digits occur in 500 keys: {}", first_digits.len());
}

#[test]
fn any_single_mistyped_character_is_seen() {
    let key = generate().unwrap();
    let text = key.secret.expose_secret();
    for position in 6..text.len() {
        for digit in *DIGITS {
            let mut changed = text.as_bytes().to_vec();
            if changed[position] == digit {
                continue;
            }
            changed[position] = digit;
            assert!(!looks_valid(std::str::from_utf8(&changed).unwrap()), "position {position}");
        }
    }
    assert!(!looks_valid(&text[..54]) && !looks_valid(&format!("{text}0")) && !looks_valid("condt_"));
    assert!(!looks_valid("condt_ääääääääääääääääääääääääx"));
    assert!(looks_valid("any-string-of-the-config-file"), "other keys are not ours to judge");
}

/// R68: what is stored is a keyed hash; another pepper gives another.
#[test]
fn hashes_are_keyed() {
    let own = Pepper::new(&[1; 32]);
    let other = Pepper::new(&[2; 32]);
    assert_eq!(own.hash("key"), own.clone().hash("key"));
    assert_ne!(own.hash("key"), own.hash("kez"));
    assert_ne!(own.hash("key"), other.hash("key"));
    assert_eq!(format!("{own:?}"), "Pepper([redacted])");
}

#[test]
fn a_tail_never_gives_a_short_key_away() {
    assert_eq!(tail("short-key"), "");
    assert_eq!(tail("a-key-of-twenty-chars"), "hars");
    assert_eq!(tail("schlüsselschlüßel"), "üßel");
}
