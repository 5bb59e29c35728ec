//! `/admin/v1/system`: how Conduit itself is. No secret stands in it.

use super::times;
use crate::api::Api;
use crate::problem::Outcome;
use crate::reply::Reply;
use crate::route::Call;
use inventory::view::{self, DatabaseState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The state of this Conduit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = System)]
pub(crate) struct SystemView {
    #[schema(example = "0.1.0")]
    pub(crate) version: String,
    pub(crate) uptime_seconds: u64,
    /// The configuration file whose content is in force; null where there is none.
    pub(crate) config: Option<ConfigView>,
    /// The last content of the file that could not be used: the one before it stays in force.
    pub(crate) bad_config: Option<BadConfigView>,
    /// Fields of the file whose new value holds from the next start on.
    pub(crate) restart_needed: Vec<String>,
    pub(crate) database: DatabaseView,
    /// Records that wait in the journal for the database.
    pub(crate) journal_depth: u64,
    pub(crate) providers: CountView,
    pub(crate) mappings: CountView,
    pub(crate) keys: CountView,
    /// Objects that cannot be used as they stand.
    pub(crate) problems: Vec<ObjectProblemView>,
    /// Ids of the root keys that seal and open the stored secrets; the first one seals.
    pub(crate) root_keys: Vec<String>,
}

/// The file in force.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConfigView {
    /// Where it stands.
    pub(crate) file: String,
    /// A hash of its content.
    pub(crate) hash: String,
    #[schema(format = "date-time")]
    pub(crate) loaded_at: String,
}

/// A file that was not taken.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BadConfigView {
    #[schema(format = "date-time")]
    pub(crate) at: String,
    pub(crate) problems: Vec<FileProblemView>,
}

/// One mistake of the file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FileProblemView {
    /// File and line.
    pub(crate) place: String,
    pub(crate) message: String,
}

/// Whether the database answers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DatabaseView {
    pub(crate) state: DatabaseStateView,
    /// Since when it does not answer, or when it was read last.
    #[schema(format = "date-time")]
    pub(crate) at: Option<String>,
    pub(crate) cause: Option<String>,
}

/// `in_step`: what is in force is what it holds. `lost`: it does not answer, and the last state stays in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DatabaseStateView {
    Unread,
    InStep,
    Lost,
}

/// How many objects there are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CountView {
    pub(crate) file: usize,
    pub(crate) database: usize,
    /// Those that cannot be used as they stand.
    pub(crate) unusable: usize,
}

/// One object that cannot be used as it stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ObjectProblemView {
    /// `provider`, `mapping` or `key`.
    pub(crate) what: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) problem: String,
}

pub(crate) async fn get(api: Arc<Api>, _: Call) -> Outcome {
    let status = api.inventory.status();
    let problems = status.problems.iter().map(|each| ObjectProblemView {
        what: each.what.to_owned(),
        id: each.id.clone(),
        name: each.name.clone(),
        problem: each.problem.clone(),
    });
    Reply::ok(&SystemView {
        version: api.version.to_owned(),
        uptime_seconds: api.started.elapsed().as_secs(),
        config: status.file.as_ref().map(config),
        bad_config: status.bad_file.as_ref().map(bad_config),
        restart_needed: status.restart_needed.clone(),
        database: database(&status.database),
        journal_depth: (api.journal_depth)(),
        providers: count(status.providers),
        mappings: count(status.mappings),
        keys: count(status.keys),
        problems: problems.collect(),
        root_keys: status.root_keys.clone(),
    })
}

fn config(file: &view::FileStatus) -> ConfigView {
    ConfigView { file: file.origin.place.clone(), hash: file.origin.hash.clone(), loaded_at: times::shown(file.loaded_at) }
}

fn bad_config(file: &view::BadFile) -> BadConfigView {
    let problems = file.problems.iter().map(|each| FileProblemView { place: each.place.clone(), message: each.message.clone() });
    BadConfigView { at: times::shown(file.at), problems: problems.collect() }
}

fn database(state: &DatabaseState) -> DatabaseView {
    match state {
        DatabaseState::Unread => DatabaseView { state: DatabaseStateView::Unread, at: None, cause: None },
        DatabaseState::InStep { at } => DatabaseView { state: DatabaseStateView::InStep, at: Some(times::shown(*at)), cause: None },
        DatabaseState::Lost { since, cause } => {
            DatabaseView { state: DatabaseStateView::Lost, at: Some(times::shown(*since)), cause: Some(cause.clone()) }
        }
    }
}

fn count(count: view::Count) -> CountView {
    CountView { file: count.file, database: count.database, unusable: count.unusable }
}
