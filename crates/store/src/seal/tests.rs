use super::*;
use crate::virtual_key::Pepper;
use gateway::keys::KeyHasher;

const PLACE: Place<'static> = Place { table: "credential_fields", column: "api_key", row: "row-1" };

fn keys(text: &str) -> Keys {
    Keys::derive(&RootSecret::parse(text).unwrap())
}

fn own() -> Keys {
    keys("the first root secret of these tests, 1")
}

#[test]
fn what_is_sealed_opens_in_its_place() {
    let blob = own().seal(Purpose::Credentials, &PLACE, b"sk-live-value").unwrap();
    assert_eq!(&**own().open(Purpose::Credentials, &PLACE, &blob).unwrap(), b"sk-live-value");
    assert!(!blob.windows(7).any(|window| window == b"sk-live"));
    assert_ne!(blob, own().seal(Purpose::Credentials, &PLACE, b"sk-live-value").unwrap(), "the nonce is new each time");
    let empty = own().seal(Purpose::Credentials, &PLACE, b"").unwrap();
    assert_eq!(&**own().open(Purpose::Credentials, &PLACE, &empty).unwrap(), b"");
}

/// R65: any changed byte and any shortened blob is an error.
#[test]
fn every_flipped_byte_and_every_cut_is_refused() {
    let blob = own().seal(Purpose::Credentials, &PLACE, b"sk-live-value").unwrap();
    for position in 0..blob.len() {
        for bit in [0x01, 0x80] {
            let mut changed = blob.clone();
            changed[position] ^= bit;
            assert!(own().open(Purpose::Credentials, &PLACE, &changed).is_err(), "byte {position}");
        }
        assert!(own().open(Purpose::Credentials, &PLACE, &blob[..position]).is_err(), "cut at {position}");
    }
    let mut longer = blob;
    longer.push(0);
    assert!(own().open(Purpose::Credentials, &PLACE, &longer).is_err());
}

/// R65: a blob that is moved to another row, column or table is an error, also where the joined names would be equal.
#[test]
fn a_moved_blob_is_refused() {
    let blob = own().seal(Purpose::Credentials, &PLACE, b"value").unwrap();
    let elsewhere = [
        Place { row: "row-2", ..PLACE },
        Place { column: "organization", ..PLACE },
        Place { table: "settings", ..PLACE },
        Place { table: "credential_field", column: "sapi_key", ..PLACE },
        Place { column: "api_keyr", row: "ow-1", ..PLACE },
    ];
    for place in elsewhere {
        assert_eq!(own().open(Purpose::Credentials, &place, &blob).unwrap_err(), SealError::Damaged { place: place.to_string() });
    }
}

/// R67: what one purpose made means nothing to any other, as a ciphertext and as a MAC.
#[test]
fn purposes_are_separate_in_all_pairs() {
    let keys = own();
    for made in Purpose::ALL {
        let blob = keys.seal(made, &PLACE, b"value").unwrap();
        let mac = Pepper::new(&keys.current.key(made)).hash("message");
        for read in Purpose::ALL {
            assert_eq!(keys.open(read, &PLACE, &blob).is_ok(), made == read, "{made:?} {read:?}");
            assert_eq!(Pepper::new(&keys.current.key(read)).hash("message") == mac, made == read, "{made:?} {read:?}");
        }
    }
}

#[test]
fn another_root_secret_is_named_by_its_key_id() {
    let other = keys("the other root secret of these tests, 2");
    let blob = other.seal(Purpose::Credentials, &PLACE, b"value").unwrap();
    let error = own().open(Purpose::Credentials, &PLACE, &blob).unwrap_err();
    assert_eq!(error, SealError::UnknownKey { place: PLACE.to_string(), found: other.id(), own: own().id() });
    assert!(error.to_string().contains(&other.id()), "{error}");
}

/// The labels and the format are for ever: a database of today opens with the version of tomorrow.
#[test]
fn derived_keys_do_not_change() {
    let known = keys("the first root secret of these tests, 1");
    let mac = Pepper::new(&known.current.key(Purpose::KeyPepper)).hash("x");
    let text: String = mac.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!((known.id().as_str(), &text[..16]), (KNOWN_ID, KNOWN_MAC));
}

const KNOWN_ID: &str = "71c99e66";
const KNOWN_MAC: &str = "0dfb0b34b17f194a";

/// R66: an old root secret opens what it sealed and seals nothing; without it the same blob names the missing key.
#[test]
fn old_root_secrets_open_and_do_not_seal() {
    let root = |text: &str| RootSecret::parse(text).unwrap();
    let (first, second) = ("the first root secret of these tests, 1", "the other root secret of these tests, 2");
    let blob = keys(first).seal(Purpose::Credentials, &PLACE, b"value").unwrap();
    let both = Keys::derive_with_old(&root(second), &[root(first), root(second), root(first)]);
    assert_eq!(both.ids(), [keys(second).id(), keys(first).id()]);
    assert_eq!(&**both.open(Purpose::Credentials, &PLACE, &blob).unwrap(), b"value");
    let fresh = both.seal(Purpose::Credentials, &PLACE, b"value").unwrap();
    assert!(fresh.starts_with(&both.header()) && !blob.starts_with(&both.header()));
    assert!(keys(second).open(Purpose::Credentials, &PLACE, &fresh).is_ok());
    assert!(matches!(keys(first).open(Purpose::Credentials, &PLACE, &fresh), Err(SealError::UnknownKey { .. })));
}
