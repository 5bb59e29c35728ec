//! What the inventory says of itself.

use crate::file::{FileOrigin, Problem};
use crate::inventory::Inventory;
use crate::rows::Unreadable;
use crate::view::{BadFile, Count, DatabaseState, Entry, FileStatus, Listing, ObjectProblem, Status};
use store::{StoreError, now_us};

/// What is remembered for [`Inventory::status`] beside the objects.
#[derive(Default)]
pub(crate) struct Told {
    file: Option<FileStatus>,
    bad_file: Option<BadFile>,
    restart_needed: Vec<String>,
    database: Option<DatabaseState>,
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Told {
    pub(crate) fn taken(&mut self, origin: Option<FileOrigin>) {
        self.file = origin.map(|origin| FileStatus { origin, loaded_at: now_us() });
        self.bad_file = None;
    }

    pub(crate) fn refused(&mut self, problems: Vec<Problem>) {
        self.bad_file = Some(BadFile { at: now_us(), problems });
    }

    pub(crate) fn database(&mut self, error: Option<&StoreError>) {
        let at = now_us();
        self.database = Some(match (error, self.database.take()) {
            (None, _) => DatabaseState::InStep { at },
            (Some(error), Some(DatabaseState::Lost { since, .. })) => DatabaseState::Lost { since, cause: error.to_string() },
            (Some(error), _) => DatabaseState::Lost { since: at, cause: error.to_string() },
        });
    }
}

impl Inventory {
    /// Counts, the file in force and the last one refused, objects with problems, the database.
    pub fn status(&self) -> Status {
        let view = self.view();
        let mut problems = Vec::new();
        let providers = count(&view.providers, "provider", &mut problems, |object| (object.source.is_file(), &object.name));
        let mappings = count(&view.mappings, "mapping", &mut problems, |object| (object.source.is_file(), &object.virtual_model));
        let keys = count(&view.keys, "key", &mut problems, |object| (object.source.is_file(), &object.name));
        let told = self.told.lock();
        problems.extend(told.unreadable.iter().map(|row| ObjectProblem {
            what: row.what,
            id: row.id.clone(),
            name: String::new(),
            problem: format!("its row cannot be read: {}", row.cause),
        }));
        Status {
            providers,
            mappings,
            keys,
            file: told.file.clone(),
            bad_file: told.bad_file.clone(),
            problems,
            restart_needed: told.restart_needed.clone(),
            database: told.database.clone().unwrap_or(DatabaseState::Unread),
            root_keys: self.store.keys().ids(),
        }
    }

    /// A file that did not even become objects: it cannot be read, or is no configuration. What is in force stays.
    pub fn report_bad_file(&self, problems: Vec<Problem>) {
        self.told.lock().refused(problems);
    }

    /// Fields of the file in force whose values hold only from the next start on.
    pub fn set_restart_needed(&self, fields: Vec<String>) {
        self.told.lock().restart_needed = fields;
    }
}

fn count<T>(listing: &Listing<T>, what: &'static str, problems: &mut Vec<ObjectProblem>, facts: impl Fn(&T) -> (bool, &String)) -> Count {
    let mut count = Count::default();
    for (id, Entry { object, problem }) in listing {
        let (is_file, name) = facts(object);
        *if is_file { &mut count.file } else { &mut count.database } += 1;
        if let Some(problem) = problem {
            count.unusable += 1;
            problems.push(ObjectProblem { what, id: id.to_string(), name: name.clone(), problem: problem.to_string() });
        }
    }
    count
}
