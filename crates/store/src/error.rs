//! What goes wrong with storage, in words for the operator. No message holds a secret: a DSN is shown with its password masked.

use crate::seal::SealError;
use sea_orm::{DbErr, RuntimeErr, SqlErr};
use std::path::PathBuf;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `storage.url` or another setting cannot be used as it stands.
    #[error("{0}")]
    Config(String),
    /// The database does not answer, or not in time. Worth a retry; a 503 to a caller.
    #[error("the database is unavailable while {doing}: {cause}")]
    Unavailable { doing: String, cause: String },
    /// The database answered with an error.
    #[error("the database refused {doing}: {cause}")]
    Refused { doing: String, cause: String },
    /// Something unique exists already, or something in use would vanish.
    #[error("{0}")]
    Conflict(String),
    /// The row was changed by somebody else since it was read.
    #[error("{what} {id} has changed: version {expected} was expected, it is at {actual}; read it again")]
    Stale { what: &'static str, id: String, expected: i64, actual: i64 },
    #[error("there is no {what} {id}")]
    NotFound { what: &'static str, id: String },
    /// A row holds what cannot be read: it was changed by hand or by another version.
    #[error("{what} {id} cannot be read: {cause}")]
    Corrupt { what: &'static str, id: String, cause: String },
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database belongs to another root secret.
    #[error(
        "the root secret is not the one that this database was made with: its secrets and keys could not be read. \
         Start with the root secret of that time (CONDUIT_ROOT_SECRET or the root secret file), or with an empty database"
    )]
    WrongRootSecret,
    /// The schema cannot be brought to what this version needs.
    #[error("{0}")]
    Schema(String),
    #[error("{doing} {}: {source}", path.display())]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
    /// Another process uses the data directory.
    #[error("{} is in use by another process: stop it, or give this one its own data directory", path.display())]
    Locked { path: PathBuf },
}

impl StoreError {
    /// Wraps a database error; `doing` completes "the database is unavailable while ...".
    pub(crate) fn database(doing: impl Into<String>) -> impl FnOnce(DbErr) -> StoreError {
        let doing = doing.into();
        move |error| {
            if is_connection_trouble(&error) {
                StoreError::Unavailable { doing, cause: cause_of(&error) }
            } else {
                StoreError::Refused { doing, cause: cause_of(&error) }
            }
        }
    }

    /// As [`StoreError::database`], with a violated unique constraint told as `clash`.
    pub(crate) fn write(doing: impl Into<String>, clash: impl Into<String>) -> impl FnOnce(DbErr) -> StoreError {
        let (doing, clash) = (doing.into(), clash.into());
        move |error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict(clash),
            _ => StoreError::database(doing)(error),
        }
    }

    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::File { doing, path, source }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Unavailable { .. })
    }
}

/// The driver's words, and the database's code, which does not depend on its language.
fn cause_of(error: &DbErr) -> String {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => match cause.as_database_error().and_then(|database| database.code()) {
            Some(code) => format!("{cause} (code {code})"),
            None => cause.to_string(),
        },
        _ => error.to_string(),
    }
}

/// Errors that say nothing about the statement: no connection, no time, no disk, a server that goes down or is a replica now.
fn is_connection_trouble(error: &DbErr) -> bool {
    let runtime = match error {
        DbErr::ConnectionAcquire(_) => return true,
        DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        _ => return false,
    };
    let RuntimeErr::SqlxError(cause) = runtime else { return matches!(error, DbErr::Conn(_)) };
    is_transient_sqlx(cause)
}

pub(crate) fn is_transient_sqlx(cause: &sea_orm::SqlxError) -> bool {
    use sea_orm::SqlxError as E;
    match cause {
        E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Protocol(_) | E::BeginFailed => true,
        E::Database(error) => error.code().is_some_and(|code| is_transient_code(&code)),
        _ => false,
    }
}

/// SQLite's busy, locked, I/O error, full and cannot-open families; PostgreSQL's connection, resource, operator and read-only classes.
fn is_transient_code(code: &str) -> bool {
    if code.len() == 5 {
        return code == "25006"
            || code == "40001"
            || code == "40P01"
            || code == "55P03"
            || ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|number| matches!(number & 0xff, 5 | 6 | 10 | 13 | 14))
}
