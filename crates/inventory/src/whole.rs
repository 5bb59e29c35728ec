//! Both sources as one: what is looked at, and what requests are resolved against.

use crate::check;
use crate::file::Problem;
use crate::file_set::{FileSet, identity};
use crate::object::{Hash, KeyObject, MappingObject, ProviderObject, Source};
use crate::prepare::{self, Prepared};
use crate::rows::{ById, Read, Rows};
use crate::view::{Entry, Listing, View};
use gateway::snapshot::{Group, Mapping, Provider, Snapshot, Wildcard};
use providers::FieldFault;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Providers and mappings of both sources, put together.
#[derive(Default)]
pub(crate) struct Whole {
    pub(crate) providers: Listing<ProviderObject>,
    pub(crate) mappings: Listing<MappingObject>,
    /// Every provider as the gateway calls it, by id; those too that are switched off.
    pub(crate) prepared: HashMap<Arc<str>, Arc<Provider>>,
    pub(crate) snapshot: Snapshot,
    /// Names that stand in the file and in the database.
    pub(crate) clashes: Vec<Problem>,
    /// Groups of virtual models that end in `*`.
    beginnings: BTreeMap<String, Group>,
}

impl Whole {
    /// `started` is when this process began, in seconds since 1970: the age of what stands in the file. Providers of the database that have not
    /// changed since `before` stay the same ones, with what was learned about them.
    pub(crate) fn of(file: &FileSet, rows: &Rows, started: i64, before: &View) -> Self {
        let mut whole = Self::default();
        whole.snapshot.settings = Arc::clone(&file.settings);
        for (object, provider) in &file.providers {
            whole.prepared.insert(Arc::from(object.id.as_str()), Arc::clone(provider));
            whole.list_provider(Arc::clone(object), None);
        }
        for read in rows.providers.values() {
            whole.add_stored_provider(file, read, before);
        }
        for object in &file.mappings {
            whole.add_mapping(object.clone(), Vec::new(), None, started);
        }
        for read in in_order(&rows.mappings) {
            whole.add_stored_mapping(file, read);
        }
        let beginnings = std::mem::take(&mut whole.beginnings).into_iter();
        whole.snapshot.wildcards = beginnings.map(|(beginning, group)| Wildcard { beginning, group }).collect();
        whole.snapshot.wildcards.sort_by_key(|wildcard| std::cmp::Reverse(wildcard.beginning.len()));
        whole
    }

    fn list_provider(&mut self, object: Arc<ProviderObject>, problem: Option<Arc<str>>) {
        self.providers.insert(Arc::from(object.id.as_str()), Entry { object, problem });
    }

    fn add_stored_provider(&mut self, file: &FileSet, read: &Read<ProviderObject>, before: &View) {
        let object = &read.object;
        let clash =
            file.provider_place(&object.name).map(|place| self.clash(place, &format!("the provider name `{}`", object.name), &object.id));
        let faults: Vec<FieldFault> = read.faults.iter().cloned().chain(clash).collect();
        let same = if faults.is_empty() { unchanged(object, before) } else { None };
        let Prepared { provider, problem } = same.unwrap_or_else(|| prepare::provider_anyway(object, &faults, None));
        if let Some(provider) = provider {
            self.prepared.insert(Arc::from(object.id.as_str()), provider);
        }
        self.list_provider(Arc::new(object.clone()), problem);
    }

    fn add_stored_mapping(&mut self, file: &FileSet, read: &Read<MappingObject>) {
        let mut object = read.object.clone();
        let provider = self.providers.get(object.provider_id.as_str());
        if let Some(provider) = provider {
            object.provider.clone_from(&provider.object.name);
        }
        let mut faults = read.faults.clone();
        faults.extend(check::mapping(&object, provider.map(|entry| entry.object.kind.as_str())));
        let clash = file.mapping_place(&identity(&object)).map(|place| {
            let what = format!("the mapping of `{}` to `{}` of `{}`", object.virtual_model, object.provider_model, object.provider);
            self.clash(place, &what, &object.id)
        });
        let created = created_at(&object.source).div_euclid(1_000_000);
        self.add_mapping(object, faults, clash, created);
    }

    fn add_mapping(&mut self, object: MappingObject, mut faults: Vec<FieldFault>, clash: Option<FieldFault>, created: i64) {
        let is_clash = clash.is_some();
        faults.extend(clash);
        if !self.providers.contains_key(object.provider_id.as_str()) {
            let problem = format!("is {}, and there is no such provider", object.provider_id);
            faults.push(check::fault("provider", problem, "choose another provider, or bring this one back"));
        }
        let own = (!faults.is_empty()).then(|| Arc::<str>::from(check::told(&faults)));
        // What the file has already must not be tried twice.
        if !is_clash {
            self.add_target(&object, own.as_deref(), created);
        }
        let problem = own.or_else(|| self.trouble_of_provider(&object));
        self.mappings.insert(Arc::from(object.id.as_str()), Entry { object: Arc::new(object), problem });
    }

    /// Why the mapping's provider cannot be called at all.
    fn trouble_of_provider(&self, object: &MappingObject) -> Option<Arc<str>> {
        let reason = self.prepared.get(object.provider_id.as_str())?.spec.unusable.as_deref()?;
        Some(format!("its provider `{}` cannot be used: {reason}", object.provider).into())
    }

    /// Puts the mapping where requests find it, unless somebody has switched it or its provider off.
    fn add_target(&mut self, object: &MappingObject, problem: Option<&str>, created: i64) {
        let provider = self.providers.get(object.provider_id.as_str()).map(|entry| Arc::clone(&entry.object));
        let off = !object.enabled || provider.as_ref().is_some_and(|provider| !provider.enabled);
        if off || policy::mapping::check_virtual_model(&object.virtual_model).is_err() {
            return;
        }
        let target = match problem {
            Some(reason) => unusable(object, provider.as_deref(), reason),
            None => self.target(object, provider.as_deref()),
        };
        if let Some(target) = target {
            self.place(prepare::mapping(object, target), created);
        }
    }

    /// The provider as this mapping calls it: one that gives it another time to connect has its own.
    fn target(&self, object: &MappingObject, provider: Option<&ProviderObject>) -> Option<Arc<Provider>> {
        let common = self.prepared.get(object.provider_id.as_str()).cloned();
        match (object.timeouts.connect, provider) {
            (Some(connect), Some(provider)) if common.as_ref().is_some_and(|common| common.spec.unusable.is_none()) => {
                prepare::provider_anyway(provider, &[], Some(connect)).provider.or(common)
            }
            _ => common,
        }
    }

    fn place(&mut self, mapping: Mapping, created: i64) {
        let begun = || Group { mappings: Vec::new(), created };
        let group = match mapping.virtual_model.strip_suffix('*') {
            None => self.snapshot.groups.entry(mapping.virtual_model.clone()).or_insert_with(begun),
            Some(beginning) => self.beginnings.entry(beginning.to_owned()).or_insert_with(begun),
        };
        group.created = group.created.min(created);
        group.mappings.push(Arc::new(mapping));
    }

    fn clash(&mut self, place: &str, what: &str, id: &str) -> FieldFault {
        let both = format!("{what} stands at {place} and in the database (id {id})");
        self.clashes.push(Problem { place: place.to_owned(), message: format!("{both}: change or remove one of them") });
        check::fault("name", format!("clashes: {both}"), "change or remove one of them")
    }
}

/// The provider as it was prepared before, where its row is at the same version and there was nothing wrong with it.
fn unchanged(object: &ProviderObject, before: &View) -> Option<Prepared> {
    let known = before.providers.get(object.id.as_str())?;
    // Another root secret opens other secrets of the same version.
    if known.problem.is_some() || known.object.source != object.source || prepare::is_unreadable(object) {
        return None;
    }
    Some(Prepared { provider: before.prepared.get(object.id.as_str()).cloned(), problem: None })
}

/// Microseconds since 1970.
fn created_at(source: &Source) -> i64 {
    match source {
        Source::Database { created_at, .. } => *created_at,
        Source::File { .. } => 0,
    }
}

/// Rows of one virtual model by priority, then age: the order in which they are configured.
fn in_order(mappings: &ById<Read<MappingObject>>) -> Vec<&Arc<Read<MappingObject>>> {
    let mut ordered: Vec<_> = mappings.values().collect();
    // Ids order rows by the millisecond only; those of one import are younger and older than that.
    ordered.sort_by_key(|read| (read.object.priority, created_at(&read.object.source)));
    ordered
}

/// The provider of a mapping that is skipped with its reason.
fn unusable(object: &MappingObject, provider: Option<&ProviderObject>, reason: &str) -> Option<Arc<Provider>> {
    let missing = || ProviderObject::new(&*object.provider_id, object.source.clone(), &*object.provider, "");
    let reason = format!("the mapping cannot be used: {reason}");
    prepare::unusable(&provider.cloned().unwrap_or_else(missing), &reason).map(Arc::new)
}

/// All keys of both sources, and the names that stand in both.
pub(crate) fn keys(file: &FileSet, rows: &ById<KeyObject>, master_key: Hash) -> (Listing<KeyObject>, Vec<Problem>) {
    let mut listing: Listing<KeyObject> = file.keys.iter().map(|key| (Arc::from(key.id.as_str()), entry(key, None))).collect();
    let mut clashes = Vec::new();
    for (id, key) in rows {
        let clash = clash_of_key(file, key);
        let problem = clash.as_ref().map(|clash| clash.message.clone()).or_else(|| trouble_of_key(key, master_key));
        clashes.extend(clash);
        listing.insert(Arc::clone(id), entry(key, problem));
    }
    (listing, clashes)
}

/// One key of the database, as [`keys`] would list it.
pub(crate) fn key_entry(file: &FileSet, key: &Arc<KeyObject>, master_key: Hash) -> Entry<KeyObject> {
    let problem = clash_of_key(file, key).map(|clash| clash.message).or_else(|| trouble_of_key(key, master_key));
    entry(key, problem)
}

fn entry(key: &Arc<KeyObject>, problem: Option<String>) -> Entry<KeyObject> {
    Entry { object: Arc::clone(key), problem: problem.map(Arc::from) }
}

fn trouble_of_key(key: &KeyObject, master_key: Hash) -> Option<String> {
    let is_master = key.hash == master_key || key.previous.as_ref().is_some_and(|old| old.hash == master_key);
    is_master.then(|| "its secret is the master key, which never works for inference: roll it".to_owned())
}

fn clash_of_key(file: &FileSet, key: &KeyObject) -> Option<Problem> {
    let name = file.key_place(&key.name).map(|place| (place, format!("the key name `{}`", key.name)));
    let old = key.previous.as_ref().and_then(|old| file.secret_place(old.hash));
    let secret = file.secret_place(key.hash).or(old).map(|place| (place, format!("the secret of the key `{}`", key.name)));
    let (place, what) = name.or(secret)?;
    let message = format!("{what} stands at {place} and in the database (id {}): change or remove one of them", key.id);
    Some(Problem { place: place.to_owned(), message })
}
