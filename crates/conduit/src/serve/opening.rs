//! From a gateway that only tells its health to one that serves: the database, the journal, what is configured.

use super::admin_token::AdminToken;
use super::identity::{self, Root};
use super::in_process::Routes;
use super::upkeep::Upkeep;
use super::{Start, database, first_start, greeting, objects};
use crate::failure::Failure;
use admin::AdminApi;
use arc_swap::ArcSwap;
use gateway::keys::{KeyHash, KeyHasher, KeyRing};
use gateway::snapshot::Snapshot;
use gateway::{Gateway, Opened};
use inventory::{Inventory, Problem};
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::sync::Arc;
use store::virtual_key::Pepper;
use store::{Journal, JournalOptions, Store};
use tokio::signal::unix::Signal;

/// What the opening needs.
pub(super) struct Opening<'a> {
    pub(super) start: &'a Start<'a>,
    pub(super) root: Root,
    pub(super) address: SocketAddr,
    pub(super) gateway: &'a Arc<Gateway>,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) keys: Arc<KeyRing>,
    pub(super) upstream: Arc<Routes>,
}

/// What is open until the process ends.
pub(super) struct Open {
    pub(super) store: Store,
    pub(super) journal: Arc<Journal>,
    pub(super) inventory: Arc<Inventory>,
    /// The command line's key; its file goes with it.
    pub(super) token: AdminToken,
}

impl Opening<'_> {
    /// Waits for the database as long as it takes. What will never do is an error. The command line's key is there before anything is printed,
    /// so that who reads the address can use it. Dropping the future leaves nothing half done but the
    /// migration of the schema, which the next start ends.
    pub(super) async fn run(self) -> Result<Open, Failure> {
        let config = &self.start.config;
        let keys = Arc::new(self.root.keys());
        let store = database::open(config, &keys).await?;
        let hasher = Arc::new(store.pepper());
        let journal = Journal::open(&config.data_dir, store.clone(), JournalOptions::default()).await.map_err(Failure::failed)?;
        let journal = Arc::new(journal);
        let token = AdminToken::write(&config.data_dir, self.address)?;
        if self.root.start == identity::Start::First {
            first_start::run(config, &store, &hasher, self.address).await?;
        }
        let master_key = match &config.master_key {
            Some(key) => hasher.hash(key.expose_secret()),
            None => identity::stored_master_key(&store).await?,
        };
        let inventory = Inventory::new(store.clone(), Arc::clone(&hasher) as _, master_key, self.snapshot.clone(), self.keys.clone());
        // Alone, so that trouble that passes is told from mistakes of the configuration.
        database::patiently("the database", || inventory.refresh()).await.map_err(Failure::failed)?;
        self.load(&inventory).await?;
        let open = Open { store, journal, inventory, token };
        let admin = self.admin(&open, &hasher, master_key);
        self.gateway.open(Opened { hasher, master_key: Some(master_key), ledger: Arc::clone(&open.journal) as _, admin: Some(admin) });
        self.gateway.set_ready(Ok(()));
        self.greet(&open.inventory)?;
        Ok(open)
    }

    async fn load(&self, inventory: &Arc<Inventory>) -> Result<(), Failure> {
        inventory.load(objects::of(&self.start.config)).await.map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
            Failure::failed(lines.join("\n"))
        })
    }

    fn admin(&self, open: &Open, hasher: &Arc<Pepper>, master_key: KeyHash) -> Arc<AdminApi> {
        let journal = Arc::clone(&open.journal);
        AdminApi::new(admin::Parts {
            inventory: Arc::clone(&open.inventory),
            store: open.store.clone(),
            upstream: Arc::clone(&self.upstream) as _,
            gateway: Arc::downgrade(self.gateway),
            hasher: Arc::clone(hasher) as _,
            master_key: Some(master_key),
            token: Some(hasher.hash(open.token.token().expose_secret())),
            runtime: tokio::runtime::Handle::current(),
            version: env!("CARGO_PKG_VERSION"),
            journal_depth: Arc::new(move || u64::try_from(journal.stats().backlog).unwrap_or(u64::MAX)),
        })
    }

    fn greet(&self, inventory: &Inventory) -> Result<(), Failure> {
        let status = inventory.status();
        tracing::info!(
            address = %self.address, mappings = status.mappings.file + status.mappings.database,
            keys = status.keys.file + status.keys.database, version = env!("CARGO_PKG_VERSION"), "conduit serves"
        );
        if self.root.start == identity::Start::First {
            return Ok(());
        }
        greeting::print(&greeting::known(self.address, status.keys.file, status.keys.database))
    }
}

impl Open {
    /// Begins what keeps the state up to date while the gateway serves.
    pub(super) fn keep_up(&self, start: &Start<'_>, gateway: &Arc<Gateway>, hangup: Signal) -> Upkeep {
        Upkeep::begin(self, start, gateway, hangup)
    }
}
