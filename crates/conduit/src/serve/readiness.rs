//! What `/health/ready` says: ready while the database answers.

use gateway::Gateway;
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// Requests need no database, so that a short outage changes nothing for them; this is for the one who watches.
const INTERVAL: Duration = Duration::from_secs(5);
/// While it is down, so that Conduit is ready soon after the database is back.
const INTERVAL_DOWN: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks again and again; the database has just been read. Never ends by itself.
pub(super) async fn watch(gateway: Arc<Gateway>, store: Store) {
    let mut was_ready = true;
    loop {
        tokio::time::sleep(if was_ready { INTERVAL } else { INTERVAL_DOWN }).await;
        let answer = tokio::time::timeout(PATIENCE, store.ping()).await;
        let ready = matches!(answer, Ok(Ok(())));
        gateway.set_ready(if ready { Ok(()) } else { Err("database") });
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
}
