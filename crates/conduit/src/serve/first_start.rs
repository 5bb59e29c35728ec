//! The first start: everything that a first request needs, without any configuration.

use super::identity::{self, MASTER_KEY_HASH, make_master_key, to_hex};
use super::{data_dir, greeting};
use crate::config::Config;
use crate::failure::Failure;
use gateway::keys::KeyHasher;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use store::Store;
use store::mappings::MappingSpec;
use store::providers::ProviderSpec;
use store::virtual_key::{self, NewKey, Pepper};
use store::virtual_keys::VirtualKeySpec;

const PROVIDER: &str = "simulated";
/// Virtual model and the simulator's model behind it.
const MAPPINGS: &[(&str, &str)] = &[("demo-chat", "sim-chat"), ("demo-embed", "sim-embed")];

/// Shows the keys, and only then stores what they open: a key that nobody has read must not be good for anything.
/// Where either fails, the data directory is emptied again, so that the next start is a first start too.
pub(super) async fn run(config: &Config, store: &Store, pepper: &Pepper, address: SocketAddr) -> Result<(), Failure> {
    let failure = match show_and_store(config, store, pepper, address).await {
        Ok(()) => return Ok(()),
        Err(failure) => failure,
    };
    // Its files go in any case.
    let _ = store.close().await;
    let left = match data_dir::empty(&config.data_dir) {
        Ok(()) => "nothing was kept, no key is valid, and the next start is a first start again".to_owned(),
        Err(left) => format!("{}; no key is valid: empty the data directory before the next start", left.message()),
    };
    Err(Failure::failed(format!("{}; {left}", failure.message())))
}

async fn show_and_store(config: &Config, store: &Store, pepper: &Pepper, address: SocketAddr) -> Result<(), Failure> {
    let starter = Starter::make()?;
    greeting::print(&greeting::first(address, &starter.master_key, &starter.virtual_key.secret, &identity::root_file(config)))?;
    starter.store(store, pepper).await
}

/// What is printed once and then known to nobody but its reader.
struct Starter {
    master_key: SecretString,
    virtual_key: NewKey,
}

impl Starter {
    fn make() -> Result<Self, Failure> {
        Ok(Self { master_key: make_master_key()?, virtual_key: virtual_key::generate().map_err(Failure::failed)? })
    }

    /// The simulated provider, its mappings, the virtual key's hash, and last the master key's: a start without that one is refused.
    async fn store(&self, store: &Store, pepper: &Pepper) -> Result<(), Failure> {
        let provider = store.providers().insert(ProviderSpec::new(PROVIDER, "simulated"), Vec::new()).await.map_err(Failure::failed)?;
        for (virtual_model, model) in MAPPINGS {
            store.mappings().insert(MappingSpec::new(*virtual_model, &provider, *model)).await.map_err(Failure::failed)?;
        }
        let hash = pepper.hash(self.virtual_key.secret.expose_secret());
        let (spec, tail) = (VirtualKeySpec::new("starter"), &self.virtual_key.tail);
        store.virtual_keys().insert(spec, hash, virtual_key::PREFIX, tail).await.map_err(Failure::failed)?;
        let hash = to_hex(&pepper.hash(self.master_key.expose_secret()));
        store.settings().put(MASTER_KEY_HASH, &hash).await.map_err(Failure::failed)
    }
}
