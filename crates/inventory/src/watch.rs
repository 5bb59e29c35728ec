//! Looks at the database from time to time, so that changes made by other nodes arrive (R43).

use crate::inventory::Inventory;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often the counter of changes is read.
pub const POLL: Duration = Duration::from_secs(2);

/// After so many looks the uses of old secrets are written down.
const NOTED: u32 = 5;

/// The poll; ends when it is dropped.
pub struct Watch {
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inventory {
    /// Refreshes every so often until the watch is dropped. Needs a runtime. While the database does not answer, the last state stays in force.
    #[must_use]
    pub fn watch(self: &Arc<Self>, every: Duration) -> Watch {
        let inventory = Arc::clone(self);
        Watch { task: tokio::spawn(async move { inventory.keep_refreshing(every).await }) }
    }

    async fn keep_refreshing(&self, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut lost = false;
        for look in 1u32.. {
            ticks.tick().await;
            if look.is_multiple_of(NOTED)
                && !lost
                && let Err(error) = self.note_uses().await
            {
                tracing::debug!(%error, "the uses of old secrets could not be written; they are counted on");
            }
            // One line for each change of state, not for each look.
            match self.refresh().await {
                Err(error) if !lost => {
                    lost = true;
                    tracing::warn!(%error, "the database is lost: what was configured last stays in force");
                }
                Ok(()) if lost => {
                    lost = false;
                    tracing::info!("the database is back, and its configuration in force");
                }
                _ => {}
            }
        }
    }
}
