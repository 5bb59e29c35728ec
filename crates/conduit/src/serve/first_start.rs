//! The first start: everything that a first request needs, without any configuration.

use super::identity::{MASTER_KEY_HASH, make_master_key, to_hex};
use crate::failure::Failure;
use gateway::keys::KeyHasher;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use store::Store;
use store::mappings::MappingSpec;
use store::providers::ProviderSpec;
use store::virtual_key::{self, Pepper};
use store::virtual_keys::VirtualKeySpec;

const PROVIDER: &str = "simulated";
/// Virtual model and the simulator's model behind it.
const MAPPINGS: &[(&str, &str)] = &[("demo-chat", "sim-chat"), ("demo-embed", "sim-embed")];

/// What is printed once and then known to nobody but its reader.
pub(super) struct Starter {
    master_key: SecretString,
    virtual_key: SecretString,
}

/// Stores the simulated provider, its mappings, a virtual key and the master key's hash.
pub(super) async fn fill(store: &Store, pepper: &Pepper) -> Result<Starter, Failure> {
    let provider = store.providers().insert(ProviderSpec::new(PROVIDER, "simulated"), Vec::new()).await.map_err(Failure::failed)?;
    for (virtual_model, model) in MAPPINGS {
        store.mappings().insert(MappingSpec::new(*virtual_model, &provider, *model)).await.map_err(Failure::failed)?;
    }
    let key = virtual_key::generate().map_err(Failure::failed)?;
    let hash = pepper.hash(key.secret.expose_secret());
    store.virtual_keys().insert(VirtualKeySpec::new("starter"), hash, virtual_key::PREFIX, &key.tail).await.map_err(Failure::failed)?;
    let master_key = make_master_key()?;
    let hash = to_hex(&pepper.hash(master_key.expose_secret()));
    store.settings().put(MASTER_KEY_HASH, &hash).await.map_err(Failure::failed)?;
    Ok(Starter { master_key, virtual_key: key.secret })
}

impl Starter {
    pub(super) fn greeting(&self, url: &str, root_file: &Path) -> String {
        let (master, key) = (self.master_key.expose_secret(), self.virtual_key.expose_secret());
        let body = r#"{"model":"demo-chat","messages":[{"role":"user","content":"Hello"}]}"#;
        format!(
            "\nThis is the first start. Both keys are shown only now:\n\
             \x20 master key   {master}   for administration; it never works for inference\n\
             \x20 virtual key  {key}   for applications\n\
             The root secret is in {}: keep a copy, the stored secrets cannot be read without it.\n\
             \nTry it:\n\
             \x20 curl {url}/v1/chat/completions -H 'authorization: Bearer {key}' -H 'content-type: application/json' -d '{body}'\n",
            root_file.display()
        )
    }
}
