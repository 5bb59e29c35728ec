//! Changes of providers and their credentials.

use super::{added, host, now, own, sound, stands, write};
use crate::change::{ChangeFault, CredentialChange, NewCredential, NewProvider, ProviderChange, set};
use crate::check;
use crate::inventory::{Inventory, Touched};
use crate::object::{CredentialObject, ProviderObject, Source};
use crate::prepare;
use crate::view::{Entry, View};
use gateway::snapshot::Provider;
use providers::{CustomOptions, Declaration, FieldFault};
use secrecy::SecretString;
use std::collections::{BTreeMap, HashMap, HashSet};

const WHAT: &str = "provider";
/// How many users of a provider are named.
const NAMED: usize = 10;

impl Inventory {
    /// Adds a provider with its credentials.
    pub async fn create_provider(&self, new: NewProvider) -> Result<Entry<ProviderObject>, ChangeFault> {
        let mut held = self.for_change().await?;
        let view = self.view();
        let object = object(new)?;
        prepare::provider(&object).map_err(ChangeFault::Invalid)?;
        is_free(&view, &object)?;
        Self::begin_write(&mut held);
        let credentials = object.credentials.iter().map(write::credential).collect();
        let id = self.store.providers().insert(write::provider(&object), credentials).await?;
        let written = ProviderObject { id: id.clone(), source: Source::made(), ..object };
        self.settle(&mut held, Touched::Provider(&id), |rows| rows.written_provider(written)).await;
        now(&self.view().providers, WHAT, &id)
    }

    /// Changes a provider and its credentials together. `expected` is the version that the caller has seen.
    pub async fn update_provider(
        &self,
        id: &str,
        expected: Option<i64>,
        change: ProviderChange,
    ) -> Result<Entry<ProviderObject>, ChangeFault> {
        let mut held = self.for_change().await?;
        let view = self.view();
        let (before, version) = own(&view.providers, WHAT, id, expected, |object| &object.source)?;
        let before = &before.object;
        let after = changed(before, &change)?;
        sound(added(faults(&after), &faults(before)))?;
        if after.name != before.name {
            is_free(&view, &after)?;
        }
        Self::begin_write(&mut held);
        let version = self.store.providers().change(id, version, row_change(before, &after, change)).await?;
        let written = ProviderObject { source: before.source.changed(version), ..after };
        self.settle(&mut held, Touched::Provider(id), |rows| rows.written_provider(written)).await;
        now(&self.view().providers, WHAT, id)
    }

    /// Adds a credential, or changes the one of that name.
    pub async fn put_credential(
        &self,
        id: &str,
        expected: Option<i64>,
        credential: CredentialChange,
    ) -> Result<Entry<ProviderObject>, ChangeFault> {
        self.update_provider(id, expected, ProviderChange { credentials: vec![credential], ..ProviderChange::default() }).await
    }

    pub async fn delete_credential(&self, id: &str, expected: Option<i64>, name: &str) -> Result<Entry<ProviderObject>, ChangeFault> {
        self.update_provider(id, expected, ProviderChange { remove_credentials: vec![name.to_owned()], ..ProviderChange::default() }).await
    }

    /// Removes a provider that no mapping points to.
    pub async fn delete_provider(&self, id: &str, expected: Option<i64>) -> Result<(), ChangeFault> {
        let mut held = self.for_change().await?;
        let view = self.view();
        let (entry, version) = own(&view.providers, WHAT, id, expected, |object| &object.source)?;
        let users: Vec<&str> = view.mappings_of(id).map(|user| user.object.virtual_model.as_str()).collect();
        if !users.is_empty() {
            return Err(ChangeFault::Conflict(in_use(&entry.object.name, &users)));
        }
        Self::begin_write(&mut held);
        self.store.providers().delete(id, version).await?;
        self.settle(&mut held, Touched::Provider(id), |rows| rows.set_provider(id, None)).await;
        Ok(())
    }

    /// A provider as it would be called, without making it: for a test before it is saved.
    pub fn draft_provider(&self, new: NewProvider) -> Result<Provider, ChangeFault> {
        prepare::provider(&object(new)?).map_err(ChangeFault::Invalid)
    }

    /// A provider as it would be called after a change, without making it.
    pub fn draft_provider_change(&self, id: &str, change: &ProviderChange) -> Result<Provider, ChangeFault> {
        let view = self.view();
        let (before, _) = own(&view.providers, WHAT, id, None, |object| &object.source)?;
        prepare::provider(&changed(&before.object, change)?).map_err(ChangeFault::Invalid)
    }
}

/// Everything that is wrong with the object by itself.
fn faults(object: &ProviderObject) -> Vec<FieldFault> {
    prepare::provider(object).err().unwrap_or_default()
}

fn object(new: NewProvider) -> Result<ProviderObject, ChangeFault> {
    let declaration = check::declaration(&new.kind).map_err(|wrong| ChangeFault::Invalid(vec![wrong]))?;
    Ok(ProviderObject {
        id: String::new(),
        source: Source::Database { version: 0, created_at: 0, updated_at: 0 },
        name: new.name,
        kind: new.kind,
        base_url: new.base_url,
        allow_private_network: new.allow_private_network,
        timeouts: new.timeouts,
        max_in_flight: new.max_in_flight,
        enabled: new.enabled,
        custom: new.custom,
        unreadable: BTreeMap::new(),
        credentials: new.credentials.into_iter().map(|new| credential(new, declaration)).collect(),
    })
}

fn credential(new: NewCredential, declaration: &Declaration) -> CredentialObject {
    let fields = new.fields.iter().map(|(name, value)| (name.clone(), write::state(declaration, name, value)));
    CredentialObject { fields: fields.collect(), name: new.name, weight: new.weight }
}

/// The object as it would be.
fn changed(before: &ProviderObject, change: &ProviderChange) -> Result<ProviderObject, ChangeFault> {
    let mut after = before.clone();
    set(&mut after.name, change.name.clone());
    set(&mut after.base_url, change.base_url.clone());
    set(&mut after.allow_private_network, change.allow_private_network);
    set(&mut after.max_in_flight, change.max_in_flight);
    set(&mut after.enabled, change.enabled);
    change.timeouts.apply(&mut after.timeouts);
    if let Some(options) = &change.custom {
        let stored: HashMap<String, &SecretString> = before.custom.iter().flat_map(CustomOptions::secrets).collect();
        after.custom = Some(options.clone().with_secrets(|name| stored.get(name).map(|secret| (*secret).clone())));
    }
    for name in &change.remove_credentials {
        let at = after.credentials.iter().position(|credential| credential.name == *name);
        let at = at.ok_or_else(|| ChangeFault::NotFound { what: "credential", id: name.clone() })?;
        after.credentials.remove(at);
    }
    // What stands under a type that is not known can be renamed or switched off, and given no fields.
    let declaration = match check::declaration(&before.kind) {
        Ok(declaration) => declaration,
        Err(_) if change.credentials.is_empty() && change.base_url.is_none() && change.custom.is_none() => return Ok(after),
        Err(wrong) => return Err(ChangeFault::Invalid(vec![wrong])),
    };
    sound(given_twice(&change.credentials))?;
    for given in &change.credentials {
        put(&mut after.credentials, given, declaration);
    }
    sound(host::secrets_to_enter(before, &after, change, declaration))?;
    Ok(after)
}

/// Of two changes of one credential the second would undo the first.
fn given_twice(changes: &[CredentialChange]) -> Vec<FieldFault> {
    let mut seen = HashSet::new();
    let again = changes.iter().enumerate().filter(|(_, given)| !seen.insert(given.name.as_str()));
    again
        .map(|(at, given)| check::fault(format!("credentials[{at}].name"), format!("`{}` stands twice", given.name), "send it once"))
        .collect()
}

fn put(credentials: &mut Vec<CredentialObject>, given: &CredentialChange, declaration: &Declaration) {
    let mut one = match credentials.iter().position(|credential| credential.name == given.name) {
        Some(at) => credentials.remove(at),
        None => CredentialObject::new(&*given.name, []),
    };
    set(&mut one.weight, given.weight);
    for (name, value) in &given.fields {
        match value {
            Some(value) => drop(one.fields.insert(name.clone(), write::state(declaration, name, value))),
            None => drop(one.fields.remove(name)),
        }
    }
    // As the rows are read: by name.
    let at = credentials.partition_point(|credential| credential.name < one.name);
    credentials.insert(at, one);
}

/// The same change as the rows take it.
fn row_change(before: &ProviderObject, after: &ProviderObject, change: ProviderChange) -> store::providers::ProviderChange {
    let declaration = check::declaration(&after.kind);
    let put = change.credentials.iter().filter_map(|given| {
        let object = after.credentials.iter().find(|credential| credential.name == given.name)?;
        Some(write::credential_change(object, &given.fields, declaration.as_ref().ok()?))
    });
    store::providers::ProviderChange {
        spec: Some(write::provider_change(before, after)),
        put: put.collect(),
        remove: change.remove_credentials,
    }
}

fn is_free(view: &View, object: &ProviderObject) -> Result<(), ChangeFault> {
    let other = view.providers.iter().find(|(id, entry)| entry.object.name == object.name && ***id != *object.id);
    match other {
        Some((id, entry)) => Err(ChangeFault::Conflict(format!(
            "a provider named `{}` exists already, {}: choose another name",
            object.name,
            stands(&entry.object.source, id)
        ))),
        None => Ok(()),
    }
}

fn in_use(name: &str, users: &[&str]) -> String {
    let mut named: Vec<String> = users.iter().take(NAMED).map(|user| format!("`{user}`")).collect();
    if users.len() > NAMED {
        named.push(format!("{} more", users.len() - NAMED));
    }
    format!("the provider `{name}` is used by the mappings of {}: delete or change them first", named.join(", "))
}
