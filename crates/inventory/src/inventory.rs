//! The inventory itself: what is held, how it is read, and how it comes into force.

use crate::file::{FileObjects, Problem};
use crate::file_set::FileSet;
use crate::object::{Hash, KeyObject};
use crate::ring;
use crate::rows::Rows;
use crate::status::Told;
use crate::uses::Counters;
use crate::view::{Listing, View};
use crate::whole::{self, Whole};
use arc_swap::ArcSwap;
use gateway::keys::{KeyHash, KeyHasher, KeyRing};
use gateway::snapshot::Snapshot;
use parking_lot::Mutex as Lock;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::{Store, StoreError, now_us};
use tokio::sync::{Mutex, MutexGuard};

/// What is configured. Cheap to ask; one change at a time.
pub struct Inventory {
    pub(crate) store: Store,
    pub(crate) hasher: Arc<dyn KeyHasher>,
    pub(crate) master_key: Hash,
    /// The admin token of this machine, once there is one.
    pub(crate) admin_token: OnceLock<Hash>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    ring: Arc<KeyRing>,
    pub(crate) counters: Counters,
    view: ArcSwap<View>,
    pub(crate) told: Lock<Told>,
    /// When this process began, in seconds since 1970.
    started: i64,
    held: Mutex<Held>,
    /// What the state in force is made of. Never locked across a wait: a file comes into force while the database keeps a change waiting.
    sources: Lock<Sources>,
}

/// Both sources, as they were read last.
#[derive(Default)]
struct Sources {
    file: Arc<FileSet>,
    rows: Rows,
    /// The rows were read once.
    read: bool,
}

/// How far the database was read. Whoever has it is the only one to read or change it.
#[derive(Default)]
pub(crate) struct Held {
    /// The database's counter of changes that `rows` belongs to; 0: nothing was read yet.
    change: i64,
    /// A write was begun, and nothing says yet that it is in `rows`.
    unsettled: bool,
    /// How often in a row the database has answered with an older state than this.
    older: u32,
}

/// So long a file waits for the database, or for a change that waits for it, before it is put beside the rows that were read last.
const FILE_WAITS: Duration = Duration::from_secs(2);

/// So often an older state is taken for a replica that lags, which must not bring back what was revoked; then for a restored backup.
const PATIENCE: u32 = 15;

/// Which rows a change has touched.
pub(crate) enum Touched<'a> {
    Provider(&'a str),
    Mappings(&'a [String]),
    Key(&'a str),
}

impl Inventory {
    /// Empty until the first [`Inventory::load`].
    pub fn new(
        store: Store,
        hasher: Arc<dyn KeyHasher>,
        master_key: KeyHash,
        snapshot: Arc<ArcSwap<Snapshot>>,
        keys: Arc<KeyRing>,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            hasher,
            master_key: Hash(master_key),
            admin_token: OnceLock::new(),
            snapshot,
            ring: keys,
            counters: Counters::default(),
            view: ArcSwap::default(),
            told: Lock::default(),
            started: now_us().div_euclid(1_000_000),
            held: Mutex::default(),
            sources: Lock::default(),
        })
    }

    /// The hash of this machine's admin token: no virtual key is made of it. Said once, before the first change.
    pub fn set_admin_token(&self, token: KeyHash) {
        // A second one would be another process's.
        let _ = self.admin_token.set(Hash(token));
    }

    /// Everything that is configured, with its state.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Takes the file in place of the one before it: checked whole against itself and against the database, in force at once, and nothing at
    /// all where anything is wrong. Requests under way keep what they began with.
    ///
    /// The first call reads the database; a later one works with what was read last where the database does not answer soon.
    pub async fn load(&self, file: FileObjects) -> Result<(), Vec<Problem>> {
        let loaded = self.try_load(file).await;
        if let Err(problems) = &loaded {
            self.told.lock().refused(problems.clone());
        }
        loaded
    }

    async fn try_load(&self, file: FileObjects) -> Result<(), Vec<Problem>> {
        let is_read = self.sources.lock().read;
        if is_read {
            // A key that was removed from the file must not work on for as long as the database is stuck.
            drop(tokio::time::timeout(FILE_WAITS, self.refresh()).await);
        } else if let Err(error) = self.refresh().await {
            return Err(vec![Problem { place: "the database".to_owned(), message: error.to_string() }]);
        }
        let file = Arc::new(FileSet::check(file, &*self.hasher, self.master_key)?);
        let mut sources = self.sources.lock();
        let whole = Whole::of(&file, &sources.rows, self.started, &self.view.load());
        let (keys, clashes) = whole::keys(&file, &sources.rows.keys, self.master_key);
        let clashes: Vec<Problem> = whole.clashes.iter().cloned().chain(clashes).collect();
        if !clashes.is_empty() {
            return Err(clashes);
        }
        self.told.lock().taken(file.origin.clone());
        sources.file = file;
        self.put_in_force(whole, keys, &sources.rows);
        Ok(())
    }

    /// Looks whether the database has changed, and brings what has changed into force. A reading that is older than what is known is not used.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        self.catch_up(&mut held).await
    }

    /// Reads everything again, changed or not: other keys may open other secrets, after a root secret was added or retired.
    pub async fn reread(&self) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        held.unsettled = true;
        self.catch_up(&mut held).await
    }

    /// The state to work on: in step with the database.
    pub(crate) async fn for_change(&self) -> Result<MutexGuard<'_, Held>, StoreError> {
        let mut held = self.held.lock().await;
        self.catch_up(&mut held).await?;
        Ok(held)
    }

    async fn catch_up(&self, held: &mut Held) -> Result<(), StoreError> {
        let caught = self.try_catch_up(held).await;
        self.told.lock().database(caught.as_ref().err());
        caught
    }

    async fn try_catch_up(&self, held: &mut Held) -> Result<(), StoreError> {
        let now = self.store.changes().await?;
        if now < held.change {
            held.older += 1;
            if held.older < PATIENCE {
                return Err(older());
            }
            tracing::warn!(known = held.change, found = now, "the database has gone back to an older state, which is taken over now");
            held.change = 0;
        }
        held.older = 0;
        if now == held.change && !held.unsettled { Ok(()) } else { self.read_all(held).await }
    }

    async fn read_all(&self, held: &mut Held) -> Result<(), StoreError> {
        let stored = self.store.stored().await?;
        if stored.change < held.change {
            return Err(older());
        }
        held.change = stored.change;
        held.unsettled = false;
        let mut sources = self.sources.lock();
        sources.rows = Rows::of(stored);
        sources.read = true;
        self.put_all_in_force(&sources);
        Ok(())
    }

    /// From here on until [`Inventory::settle`] nobody knows what the database holds.
    pub(crate) fn begin_write(held: &mut Held) {
        held.unsettled = true;
    }

    /// Brings what was just written into force. Only the rows that were touched are read again, unless another node has changed something too.
    /// Where the database does not answer any more, `written` stands for them until the next look: the change is made, and says so.
    pub(crate) async fn settle(&self, held: &mut Held, touched: Touched<'_>, written: impl FnOnce(&mut Rows)) {
        let settled = self.try_settle(held, &touched).await;
        self.told.lock().database(settled.as_ref().err());
        let Err(error) = settled else { return };
        tracing::warn!(%error, "a change is made, and could not be read again: it is in force as it was written");
        // The write has counted up: what is read as of before would undo it.
        held.change += 1;
        held.unsettled = true;
        let mut sources = self.sources.lock();
        written(&mut sources.rows);
        self.show_touched(&sources, &touched);
    }

    async fn try_settle(&self, held: &mut Held, touched: &Touched<'_>) -> Result<(), StoreError> {
        let change = self.store.changes().await?;
        if change <= held.change {
            return Err(older());
        }
        if change != held.change + 1 {
            return self.read_all(held).await;
        }
        self.show(held, touched).await?;
        held.change = change;
        Ok(())
    }

    /// Reads rows again and brings them into force. Until it is through, the state counts as unsettled.
    pub(crate) async fn show(&self, held: &mut Held, touched: &Touched<'_>) -> Result<(), StoreError> {
        held.unsettled = true;
        self.read_again(touched).await?;
        self.show_touched(&self.sources.lock(), touched);
        held.unsettled = false;
        Ok(())
    }

    async fn read_again(&self, touched: &Touched<'_>) -> Result<(), StoreError> {
        match touched {
            Touched::Provider(id) => {
                let row = found(self.store.providers().get(id).await)?;
                self.sources.lock().rows.set_provider(id, row);
            }
            Touched::Key(id) => {
                let row = found(self.store.virtual_keys().get(id).await)?;
                self.sources.lock().rows.set_key(id, row);
            }
            Touched::Mappings(ids) => {
                for id in *ids {
                    let row = found(self.store.mappings().get(id).await)?;
                    self.sources.lock().rows.set_mapping(id, row);
                }
            }
        }
        Ok(())
    }

    fn show_touched(&self, sources: &Sources, touched: &Touched<'_>) {
        match touched {
            Touched::Key(id) => self.put_key_in_force(sources, id),
            Touched::Provider(_) | Touched::Mappings(_) => self.put_all_in_force(sources),
        }
    }

    fn put_all_in_force(&self, sources: &Sources) {
        let whole = Whole::of(&sources.file, &sources.rows, self.started, &self.view.load());
        let (keys, _) = whole::keys(&sources.file, &sources.rows.keys, self.master_key);
        self.put_in_force(whole, keys, &sources.rows);
    }

    fn put_in_force(&self, whole: Whole, keys: Listing<KeyObject>, rows: &Rows) {
        ring::bring(&self.ring, &self.counters, &self.view.load().keys, &keys);
        self.counters.keep(&keys);
        self.snapshot.store(Arc::new(whole.snapshot));
        self.told.lock().unreadable.clone_from(&rows.unreadable);
        self.view.store(Arc::new(View {
            providers: Arc::new(whole.providers),
            mappings: Arc::new(whole.mappings),
            keys: Arc::new(keys),
            prepared: Arc::new(whole.prepared),
        }));
    }

    fn put_key_in_force(&self, sources: &Sources, id: &str) {
        let view = self.view.load();
        let mut keys = Listing::clone(&view.keys);
        let entry = sources.rows.keys.get(id).map(|key| whole::key_entry(&sources.file, key, self.master_key));
        ring::bring_one(&self.ring, &self.counters, view.keys.get(id), entry.as_ref());
        match entry {
            Some(entry) => drop(keys.insert(Arc::from(id), entry)),
            None => drop(keys.remove(id)),
        }
        self.counters.keep(&keys);
        self.view.store(Arc::new(View { keys: Arc::new(keys), ..View::clone(&view) }));
    }
}

fn older() -> StoreError {
    let (doing, cause) = ("reading what is configured", "it answered with an older state than before; is this a replica that lags?");
    StoreError::Unavailable { doing: doing.to_owned(), cause: cause.to_owned() }
}

/// A row that is gone is an answer too.
fn found<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
