//! What `/health/ready` says: ready while the database answers, and is the one that stands where it should.

use gateway::Gateway;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// Requests need no database, so that a short outage changes nothing for them; this is for the one who watches.
const INTERVAL: Duration = Duration::from_secs(5);
/// While it is down, so that Conduit is ready soon after the database is back.
const INTERVAL_DOWN: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(3);

/// The file that SQLite has open. Where it is moved away or replaced SQLite goes on with it, and the next start finds another one.
struct DatabaseFile {
    path: PathBuf,
    /// Device and inode, when it was opened.
    opened: Option<(u64, u64)>,
}

impl DatabaseFile {
    /// `None` for a database that is no file.
    async fn of(url: &str) -> Option<Self> {
        let path = store::sqlite_file(url)?;
        let opened = identity(&path).await;
        Some(Self { path, opened })
    }

    async fn is_in_place(&self) -> bool {
        identity(&self.path).await == self.opened
    }
}

async fn identity(path: &Path) -> Option<(u64, u64)> {
    tokio::fs::metadata(path).await.ok().map(|facts| (facts.dev(), facts.ino()))
}

/// Why Conduit is not ready.
async fn trouble(store: &Store, file: Option<&DatabaseFile>) -> Option<String> {
    let asked = async {
        let answer = store.ping().await;
        let in_place = match file {
            Some(file) => file.is_in_place().await,
            None => true,
        };
        (answer, in_place)
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok((Ok(()), true)) => None,
        Ok((Ok(()), false)) => Some(
            "its file was moved, removed or replaced while it is open: put it back, or stop Conduit and see which file holds what"
                .to_owned(),
        ),
        Ok((Err(error), _)) => Some(error.to_string()),
        Err(_) => Some("it does not answer in time".to_owned()),
    }
}

/// Asks again and again; the database has just been read. Never ends by itself.
pub(super) async fn watch(gateway: Arc<Gateway>, store: Store, url: Option<String>) {
    let file = match url {
        Some(url) => DatabaseFile::of(&url).await,
        None => None,
    };
    let mut was_ready = true;
    loop {
        tokio::time::sleep(if was_ready { INTERVAL } else { INTERVAL_DOWN }).await;
        let trouble = trouble(&store, file.as_ref()).await;
        gateway.set_ready(if trouble.is_none() { Ok(()) } else { Err("database") });
        match (was_ready, &trouble) {
            (true, Some(cause)) => tracing::error!(%cause, "not ready: the database cannot be relied on; requests go on"),
            (false, None) => tracing::info!("ready again: the database answers"),
            _ => {}
        }
        was_ready = trouble.is_none();
    }
}
