//! What `/health/ready` says: ready while the database answers.

use gateway::Gateway;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::task::JoinHandle;

/// Requests need no database, so that a short outage changes nothing for them; this is for the one who watches.
const INTERVAL: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) struct Watch(JoinHandle<()>);

/// Says ready now (the database has just been read) and then asks again and again.
pub(super) fn watch(gateway: Arc<Gateway>, store: Store) -> Watch {
    gateway.set_ready(true);
    Watch(tokio::spawn(async move {
        let mut was_ready = true;
        loop {
            tokio::time::sleep(INTERVAL).await;
            let answer = tokio::time::timeout(PATIENCE, store.ping()).await;
            let ready = matches!(answer, Ok(Ok(())));
            gateway.set_ready(ready);
            match (was_ready, ready, answer) {
                (true, false, Ok(Err(error))) => {
                    tracing::error!(%error, "not ready: the database does not answer; requests go on, usage waits in the journal")
                }
                (true, false, _) => {
                    tracing::error!("not ready: the database does not answer in time; requests go on, usage waits in the journal")
                }
                (false, true, _) => tracing::info!("ready again: the database answers"),
                _ => {}
            }
            was_ready = ready;
        }
    }))
}

impl Watch {
    /// Returns when it can no longer say anything.
    pub(super) async fn end(self) {
        self.0.abort();
        let _ = self.0.await;
    }
}
