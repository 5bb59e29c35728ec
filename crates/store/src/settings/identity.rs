//! What ties a database to its root secret: a sealed known text, and the sealed pepper of the virtual keys.

use super::{WHAT, place, row};
use crate::id::now_us;
use crate::seal::{Keys, Purpose, SealError, fill_random};
use crate::virtual_key::Pepper;
use crate::{Store, StoreError};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait};
use zeroize::Zeroizing;

/// The sealed known text by which a wrong root secret is recognised. The rotation seals it anew last of all: until then only a start with both
/// root secrets is let in.
pub(crate) const VERIFIER: &str = "root_secret_verifier";
const KNOWN_TEXT: &[u8] = b"conduit root secret verifier, version 1";
const PEPPER: &str = "virtual_key_pepper";

/// The pepper of this database's virtual keys, where the root secret is its own. The first start makes it; a database of before that has
/// derived its pepper from the root secret so far, and keeps that one from here on, so that its keys stay valid and the secret may change.
///
/// A wrong root secret stops here, before rows are made that the right one cannot read.
pub(crate) async fn identify(tx: &DatabaseTransaction, keys: &Keys) -> Result<Pepper, StoreError> {
    let doing = "checking the root secret";
    // Of several nodes that start at once one leaves each of these, and the others are checked against it.
    let is_new =
        insert(tx, VERIFIER, keys.seal(Purpose::Settings, &place(VERIFIER), KNOWN_TEXT)?).await.map_err(StoreError::database(doing))?;
    let verifier = sealed(tx, VERIFIER).await?;
    verify(keys, &verifier)?;
    if !verifier.starts_with(&keys.header()) {
        tracing::warn!(
            current = keys.id(),
            "the root secret was changed and its rotation is not complete: run `conduit rotate-root`; until it has ended the old one is needed too"
        );
    }
    let mut pepper = Zeroizing::new([0u8; 32]);
    match keys.of_blob(&verifier) {
        Some(old) if !is_new => *pepper = *old.key(Purpose::KeyPepper),
        _ => fill_random(&mut *pepper)?,
    }
    insert(tx, PEPPER, keys.seal(Purpose::Settings, &place(PEPPER), &*pepper)?).await.map_err(StoreError::database(doing))?;
    open_pepper(keys, &sealed(tx, PEPPER).await?)
}

/// Whether these keys open what the database is tied to.
pub(crate) async fn check_keys(store: &Store, keys: &Keys) -> Result<(), StoreError> {
    verify(keys, &sealed(store.reader(), VERIFIER).await?)?;
    open_pepper(keys, &sealed(store.reader(), PEPPER).await?).map(drop)
}

fn open_pepper(keys: &Keys, blob: &[u8]) -> Result<Pepper, StoreError> {
    let opened = keys.open(Purpose::Settings, &place(PEPPER), blob).map_err(|error| match error {
        SealError::UnknownKey { .. } => StoreError::WrongRootSecret,
        other => other.into(),
    })?;
    opened.as_slice().try_into().map(Pepper::new).map_err(|_| corrupt(PEPPER, "it has not 32 bytes"))
}

fn verify(keys: &Keys, blob: &[u8]) -> Result<(), StoreError> {
    match keys.open(Purpose::Settings, &place(VERIFIER), blob) {
        Ok(text) if text.as_slice() == KNOWN_TEXT => Ok(()),
        Err(SealError::UnknownKey { .. }) => Err(StoreError::WrongRootSecret),
        Ok(_) => Err(corrupt(VERIFIER, "it holds another text")),
        Err(damaged) => Err(damaged.into()),
    }
}

/// Whether it was not there.
async fn insert(tx: &impl ConnectionTrait, name: &str, blob: Vec<u8>) -> Result<bool, DbErr> {
    let fresh = row::ActiveModel {
        name: Set(name.to_owned()),
        plain: Set(None),
        sealed: Set(Some(blob)),
        version: Set(1),
        updated_at: Set(now_us()),
    };
    let keep = OnConflict::column(row::Column::Name).do_nothing().to_owned();
    match row::Entity::insert(fresh).on_conflict(keep).exec_without_returning(tx).await {
        Ok(rows) => Ok(rows > 0),
        Err(DbErr::RecordNotInserted) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn sealed(tx: &impl ConnectionTrait, name: &str) -> Result<Vec<u8>, StoreError> {
    let found = row::Entity::find_by_id(name).one(tx).await.map_err(StoreError::database("checking the root secret"))?;
    found.and_then(|row| row.sealed).ok_or_else(|| corrupt(name, "it is not sealed"))
}

fn corrupt(name: &str, cause: &str) -> StoreError {
    StoreError::Corrupt { what: WHAT, id: name.to_owned(), cause: cause.to_owned() }
}
