//! What goes on beside the requests: watching the database and the configuration, taking over what other nodes changed.

use super::opening::Open;
use super::reload::{self, Fixed, Reload, watch::Watch};
use super::{Start, database, readiness};
use gateway::Gateway;
use inventory::POLL;
use std::sync::Arc;
use store::Journal;
use tokio::signal::unix::Signal;
use tokio::task::JoinHandle;

/// The tasks; they end with [`Upkeep::end`].
pub(super) struct Upkeep {
    tasks: Vec<JoinHandle<()>>,
    /// Takes over what other nodes change (R43).
    _database: inventory::Watch,
}

impl Upkeep {
    pub(super) fn begin(open: &Open, start: &Start<'_>, gateway: &Arc<Gateway>, hangup: Signal) -> Self {
        let (path, content) = reload::origin(&start.config);
        let reload = Reload {
            command_line: start.command_line.clone(),
            environment: start.environment.clone(),
            fixed: Fixed::of(&start.config),
            was_filled: start.config.file.as_ref().is_some_and(|file| !file.is_empty),
            store: open.store.clone(),
            inventory: Arc::clone(&open.inventory),
            metrics: Arc::clone(gateway.metrics()),
        };
        measure(gateway, &open.journal);
        let url = database::url(&start.config).ok();
        let tasks = vec![
            tokio::spawn(readiness::watch(Arc::clone(gateway), open.store.clone(), url)),
            tokio::spawn(reload.run(Watch::new(path, content, hangup))),
        ];
        Self { tasks, _database: open.inventory.watch(POLL) }
    }

    /// From here on nothing changes any more.
    pub(super) fn end(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Gauges of what the composition root holds.
fn measure(gateway: &Gateway, journal: &Arc<Journal>) {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let gauge = |name: &str, help: &str, read: fn(&store::journal::JournalStats) -> u64| {
        let journal = Arc::clone(journal);
        gateway.metrics().gauge(name, help, move || read(&journal.stats()) as f64);
    };
    gauge("journal_open", "Attempts under way", |stats| stats.open as u64);
    gauge("journal_backlog", "Finished attempts that are not in the database yet", |stats| stats.backlog as u64);
    gauge("journal_segments", "Segment files of the journal on disk", |stats| stats.segments as u64);
    gauge("journal_rows_drained", "Rows that the database took since the start", |stats| stats.drained);
    gauge("journal_drain_failures", "Batches that the database refused since the start", |stats| stats.drain_failures);
    gauge("journal_disk_failures", "Records that the disk refused since the start", |stats| stats.disk_failures);
    gauge("journal_refused", "Attempts refused for want of room in the journal since the start", |stats| stats.refused);
}
