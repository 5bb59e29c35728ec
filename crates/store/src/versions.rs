//! Optimistic locking: every row has a version, and a change names the one that it was made on.

use crate::StoreError;
use sea_orm::{ConnectionTrait, EntityTrait, PrimaryKeyTrait, QuerySelect};

/// A change met no row with this id and version: tells whether the row is gone or has moved on.
pub(crate) async fn why_untouched<E>(
    tx: &impl ConnectionTrait,
    what: &'static str,
    version: E::Column,
    id: &str,
    expected: i64,
) -> StoreError
where
    E: EntityTrait,
    <E::PrimaryKey as PrimaryKeyTrait>::ValueType: From<String>,
{
    let query = E::find_by_id(id.to_owned()).select_only().column(version).into_tuple::<i64>();
    match query.one(tx).await {
        Ok(Some(actual)) => StoreError::Stale { what, id: id.to_owned(), expected, actual },
        Ok(None) => StoreError::NotFound { what, id: id.to_owned() },
        Err(error) => StoreError::database(format!("reading {what} {id}"))(error),
    }
}
