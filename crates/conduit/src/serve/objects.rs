//! The configuration file as the inventory takes it.

use super::settings;
use crate::config::Config;
use inventory::{FileObjects, FileOrigin};

pub(crate) fn of(config: &Config) -> FileObjects {
    FileObjects {
        origin: config.file.as_ref().map(|file| FileOrigin { place: file.path.display().to_string(), hash: file.hash.clone() }),
        providers: config.providers.clone(),
        mappings: config.mappings.clone(),
        keys: config.keys.clone(),
        settings: settings::of(&config.server),
    }
}
