//! Changes of virtual keys. A secret is shown once, by the call that makes it, and is nowhere afterwards.

use super::{added, now, own, sound, stands};
use crate::change::{ChangeFault, KeyChange, NewKey, set};
use crate::check;
use crate::duration;
use crate::inventory::{Inventory, Touched};
use crate::object::{Hash, KeyObject, PreviousSecret, Source};
use crate::view::{Entry, View};
use providers::FieldFault;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use store::StoreError;
use store::virtual_key::{self, PREFIX};
use store::virtual_keys::{KeySecret, VirtualKeySpec};

const WHAT: &str = "virtual key";
/// How long the old secret of a rolled key works on where nothing else is asked for.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(24 * 3600);
/// A grace that does not end is two keys.
pub const LONGEST_GRACE: Duration = Duration::from_secs(90 * 24 * 3600);

/// A key with the secret that was just made for it.
#[derive(Clone, Debug)]
pub struct WithSecret {
    pub entry: Entry<KeyObject>,
    /// Shown once.
    pub secret: SecretString,
}

impl Inventory {
    /// Adds a key; makes its secret, unless one is brought along.
    pub async fn create_key(&self, new: NewKey) -> Result<WithSecret, ChangeFault> {
        let mut held = self.for_change().await?;
        let view = self.view();
        let mut faults = check::key(&new.name, new.models.as_deref(), new.operations.as_deref(), new.concurrency);
        faults.extend(new.expires_at.and_then(|moment| in_the_past(moment, store::now_us())));
        let (secret, row) = match new.secret {
            Some(given) => {
                faults.extend(self.brought_along(&view, &given));
                let row = self.row_of(&given);
                (given, row)
            }
            None => self.make_secret()?,
        };
        sound(faults)?;
        is_free(&view, "", &new.name)?;
        let spec = VirtualKeySpec {
            models: new.models,
            operations: new.operations,
            concurrency: new.concurrency,
            expires_at: new.expires_at,
            enabled: new.enabled,
            ..VirtualKeySpec::new(new.name)
        };
        Self::begin_write(&mut held);
        let id = self.store.virtual_keys().insert(spec.clone(), row.hash, &row.prefix, &row.tail).await?;
        let new = KeyObject { prefix: row.prefix, tail: row.tail, ..KeyObject::new(&*id, Source::made(), "", row.hash) };
        self.settle(&mut held, Touched::Key(&id), |rows| rows.written_key(with_spec(new, spec))).await;
        Ok(WithSecret { entry: now(&self.view().keys, WHAT, &id)?, secret })
    }

    /// Changes what the key may do, or suspends it. `expected` is the version that the caller has seen.
    pub async fn update_key(&self, id: &str, expected: Option<i64>, change: KeyChange) -> Result<Entry<KeyObject>, ChangeFault> {
        let mut held = self.for_change().await?;
        let view = self.view();
        let (entry, version) = own(&view.keys, WHAT, id, expected, |object| &object.source)?;
        let (before, mut after) = (spec(&entry.object), spec(&entry.object));
        set(&mut after.name, change.name);
        set(&mut after.models, change.models);
        set(&mut after.operations, change.operations);
        set(&mut after.concurrency, change.concurrency);
        set(&mut after.expires_at, change.expires_at);
        set(&mut after.enabled, change.enabled);
        sound(added(faults(&after), &faults(&before)))?;
        if after.name != before.name {
            is_free(&view, id, &after.name)?;
        }
        Self::begin_write(&mut held);
        let version = self.store.virtual_keys().update(id, version, after.clone()).await?;
        let same = KeyObject { source: entry.object.source.changed(version), ..KeyObject::clone(&entry.object) };
        self.settle(&mut held, Touched::Key(id), |rows| rows.written_key(with_spec(same, after))).await;
        now(&self.view().keys, WHAT, id)
    }

    /// Gives the key a new secret. The old one works on for the grace and ends at its moment; without a grace it ends at once. A key has two
    /// secrets at most: while one is still in its grace, only a roll without a grace is made, which ends both.
    pub async fn roll_key(&self, id: &str, expected: Option<i64>, grace: Duration) -> Result<WithSecret, ChangeFault> {
        if grace > LONGEST_GRACE {
            let problem = "is longer than 90 days";
            return Err(ChangeFault::field("grace", problem, "choose a shorter one; 0 ends the old secret at once"));
        }
        let mut held = self.for_change().await?;
        let view = self.view();
        let (entry, version) = own(&view.keys, WHAT, id, expected, |object| &object.source)?;
        if !grace.is_zero() {
            is_out_of_grace(&entry.object, store::now_us())?;
        }
        let (secret, row) = self.make_secret()?;
        let micros = i64::try_from(grace.as_micros()).unwrap_or(i64::MAX);
        let until = (micros > 0).then(|| store::now_us().saturating_add(micros));
        Self::begin_write(&mut held);
        let version = self.store.virtual_keys().roll(id, version, row.clone(), until).await?;
        let written = rolled(&entry.object, version, row, until);
        self.settle(&mut held, Touched::Key(id), |rows| rows.written_key(written)).await;
        Ok(WithSecret { entry: now(&self.view().keys, WHAT, id)?, secret })
    }

    /// Revokes the key, its old secret included.
    pub async fn delete_key(&self, id: &str, expected: Option<i64>) -> Result<(), ChangeFault> {
        let mut held = self.for_change().await?;
        let (_, version) = own(&self.view().keys, WHAT, id, expected, |object| &object.source)?;
        Self::begin_write(&mut held);
        self.store.virtual_keys().delete(id, version).await?;
        self.settle(&mut held, Touched::Key(id), |rows| rows.set_key(id, None)).await;
        Ok(())
    }

    fn make_secret(&self) -> Result<(SecretString, KeySecret), ChangeFault> {
        let made = virtual_key::generate().map_err(StoreError::from)?;
        let row = KeySecret { hash: self.hasher.hash(made.secret.expose_secret()), prefix: PREFIX.to_owned(), tail: made.tail };
        Ok((made.secret, row))
    }

    fn row_of(&self, given: &SecretString) -> KeySecret {
        let secret = given.expose_secret();
        let prefix = if secret.starts_with(PREFIX) { PREFIX } else { "" };
        KeySecret { hash: self.hasher.hash(secret), prefix: prefix.to_owned(), tail: virtual_key::tail(secret) }
    }

    fn brought_along(&self, view: &View, given: &SecretString) -> Option<FieldFault> {
        if let Some(weak) = check::key_secret("key", given.expose_secret()) {
            return Some(weak);
        }
        let hash = Hash(self.hasher.hash(given.expose_secret()));
        if hash == self.master_key {
            return Some(check::fault("key", "is the master key, which never works for inference", "make another"));
        }
        if self.admin_token.get() == Some(&hash) {
            return Some(check::fault("key", "is the admin token of this machine, which never works for inference", "make another"));
        }
        let taken = |key: &KeyObject| key.hash == hash || key.previous.as_ref().is_some_and(|old| old.hash == hash);
        let is_taken = view.keys.values().any(|entry| taken(&entry.object));
        is_taken.then(|| check::fault("key", "is the secret of another key", "make another"))
    }
}

fn spec(object: &KeyObject) -> VirtualKeySpec {
    VirtualKeySpec {
        models: object.models.clone(),
        operations: object.operations.clone(),
        concurrency: object.concurrency,
        expires_at: object.expires_at,
        enabled: object.enabled,
        suspended: object.suspended,
        ..VirtualKeySpec::new(&*object.name)
    }
}

/// The key with what its owner chose of it.
fn with_spec(key: KeyObject, spec: VirtualKeySpec) -> KeyObject {
    KeyObject {
        name: spec.name,
        models: spec.models,
        operations: spec.operations,
        concurrency: spec.concurrency,
        expires_at: spec.expires_at,
        enabled: spec.enabled,
        suspended: spec.suspended,
        ..key
    }
}

/// The key with its new secret, and the one before it until its moment.
fn rolled(before: &KeyObject, version: i64, row: KeySecret, until: Option<i64>) -> KeyObject {
    let previous = until.map(|until| PreviousSecret { hash: before.hash, tail: before.tail.clone(), until, used_at: None, uses: 0 });
    KeyObject {
        source: before.source.changed(version),
        prefix: row.prefix,
        tail: row.tail,
        previous,
        hash: Hash(row.hash),
        ..before.clone()
    }
}

/// The promise of an earlier roll holds: its old secret works to the end of its grace.
fn is_out_of_grace(key: &KeyObject, now: i64) -> Result<(), ChangeFault> {
    let left = key.previous.as_ref().map_or(0, |old| old.until.saturating_sub(now));
    let Ok(left @ 1..) = u64::try_from(left) else { return Ok(()) };
    let left = duration::format(Duration::from_secs(left.div_ceil(1_000_000)));
    Err(ChangeFault::Conflict(format!(
        "the secret before the last roll works for {left} more: wait for its end, or roll with a grace of 0s, which ends every older secret at once"
    )))
}

fn faults(spec: &VirtualKeySpec) -> Vec<FieldFault> {
    check::key(&spec.name, spec.models.as_deref(), spec.operations.as_deref(), spec.concurrency)
}

fn in_the_past(moment: i64, now: i64) -> Option<FieldFault> {
    (moment <= now).then(|| check::fault("expires_at", "is in the past", "choose a later moment, or leave it out for a key without an end"))
}

fn is_free(view: &View, own: &str, name: &str) -> Result<(), ChangeFault> {
    let other = view.keys.iter().find(|(id, entry)| entry.object.name == name && &***id != own);
    match other {
        Some((id, entry)) => {
            let place = stands(&entry.object.source, id);
            Err(ChangeFault::Conflict(format!("a virtual key named `{name}` exists already, {place}: choose another name")))
        }
        None => Ok(()),
    }
}
