//! Changes of model mappings.

use super::{added, now, own, sound, stands, write};
use crate::change::{ChangeFault, MappingChange, NewMapping, set};
use crate::check;
use crate::inventory::{Inventory, Touched};
use crate::object::{MappingObject, Source};
use crate::view::{Entry, View};
use providers::FieldFault;

const WHAT: &str = "mapping";
/// More at once are a mistake, and would hold every other change up.
pub const LARGEST_IMPORT: usize = 10_000;

impl Inventory {
    pub async fn create_mapping(&self, new: NewMapping) -> Result<Entry<MappingObject>, ChangeFault> {
        let mut held = self.for_change().await?;
        let view = self.view();
        let object = object(&view, new).map_err(|wrong| ChangeFault::Invalid(vec![wrong]))?;
        sound(faults(&view, &object))?;
        is_free(&view, &object)?;
        Self::begin_write(&mut held);
        let id = self.store.mappings().insert(write::mapping(&object)).await?;
        let written = MappingObject { id: id.clone(), source: Source::made(), ..object };
        self.settle(&mut held, Touched::Mappings(std::slice::from_ref(&id)), |rows| rows.written_mapping(written)).await;
        now(&self.view().mappings, WHAT, &id)
    }

    /// Adds all of them or none; a fault names the entry as `mappings[3].virtual_model`. A dry run only checks, and answers with objects that
    /// have no id.
    pub async fn import_mappings(&self, new: Vec<NewMapping>, dry_run: bool) -> Result<Vec<Entry<MappingObject>>, ChangeFault> {
        let mut held = self.for_change().await?;
        let view = self.view();
        let objects = objects(&view, new)?;
        if dry_run {
            return Ok(objects.into_iter().map(|object| Entry { object: object.into(), problem: None }).collect());
        }
        if objects.is_empty() {
            return Ok(Vec::new());
        }
        Self::begin_write(&mut held);
        let ids = self.store.mappings().insert_all(objects.iter().map(write::mapping).collect()).await?;
        let written = ids.iter().zip(objects).map(|(id, object)| MappingObject { id: id.clone(), source: Source::made(), ..object });
        self.settle(&mut held, Touched::Mappings(&ids), |rows| written.for_each(|object| rows.written_mapping(object))).await;
        let view = self.view();
        ids.iter().map(|id| now(&view.mappings, WHAT, id)).collect()
    }

    /// `expected` is the version that the caller has seen.
    pub async fn update_mapping(
        &self,
        id: &str,
        expected: Option<i64>,
        change: MappingChange,
    ) -> Result<Entry<MappingObject>, ChangeFault> {
        let mut held = self.for_change().await?;
        let view = self.view();
        let (before, version) = own(&view.mappings, WHAT, id, expected, |object| &object.source)?;
        let before = &before.object;
        let after = changed(&view, before, change).map_err(|wrong| ChangeFault::Invalid(vec![wrong]))?;
        sound(added(faults(&view, &after), &faults(&view, before)))?;
        is_free(&view, &after)?;
        Self::begin_write(&mut held);
        let version = self.store.mappings().update(id, version, write::mapping(&after)).await?;
        let written = MappingObject { source: before.source.changed(version), ..after };
        self.settle(&mut held, Touched::Mappings(&[id.to_owned()]), |rows| rows.written_mapping(written)).await;
        now(&self.view().mappings, WHAT, id)
    }

    pub async fn delete_mapping(&self, id: &str, expected: Option<i64>) -> Result<(), ChangeFault> {
        let mut held = self.for_change().await?;
        let (_, version) = own(&self.view().mappings, WHAT, id, expected, |object| &object.source)?;
        Self::begin_write(&mut held);
        self.store.mappings().delete(id, version).await?;
        self.settle(&mut held, Touched::Mappings(&[id.to_owned()]), |rows| rows.set_mapping(id, None)).await;
        Ok(())
    }
}

fn faults(view: &View, object: &MappingObject) -> Vec<FieldFault> {
    check::mapping(object, view.providers.get(object.provider_id.as_str()).map(|entry| entry.object.kind.as_str()))
}

/// Every fault of every entry at once.
fn objects(view: &View, new: Vec<NewMapping>) -> Result<Vec<MappingObject>, ChangeFault> {
    if new.len() > LARGEST_IMPORT {
        let problem = format!("has {} entries", new.len());
        return Err(ChangeFault::field("mappings", problem, format!("import at most {LARGEST_IMPORT} at once")));
    }
    let (mut objects, mut wrong) = (Vec::<MappingObject>::new(), Vec::new());
    let mut seen = std::collections::HashMap::new();
    for (at, new) in new.into_iter().enumerate() {
        let path = |fault: FieldFault| FieldFault { field: format!("mappings[{at}].{}", fault.field), ..fault };
        match object(view, new) {
            Ok(object) => {
                wrong.extend(faults(view, &object).into_iter().map(path));
                let identity = (object.virtual_model.clone(), object.provider_id.clone(), object.provider_model.clone());
                if let Some(other) = seen.insert(identity, at) {
                    wrong.push(path(check::fault("virtual_model", format!("is mapped alike by mappings[{other}]"), "remove one of them")));
                }
                objects.push(object);
            }
            Err(fault) => wrong.push(path(fault)),
        }
    }
    sound(wrong)?;
    objects.iter().try_for_each(|object| is_free(view, object))?;
    Ok(objects)
}

fn object(view: &View, new: NewMapping) -> Result<MappingObject, FieldFault> {
    let (provider_id, provider) = provider(view, &new.provider)?;
    Ok(MappingObject {
        id: String::new(),
        source: Source::Database { version: 0, created_at: 0, updated_at: 0 },
        virtual_model: new.virtual_model,
        provider_id,
        provider,
        provider_model: new.provider_model,
        priority: new.priority,
        weight: new.weight,
        strict: new.strict,
        options: new.options,
        parameters: new.parameters,
        timeouts: new.timeouts,
        enabled: new.enabled,
    })
}

/// Id and name of a provider that is named by either.
fn provider(view: &View, named: &str) -> Result<(String, String), FieldFault> {
    match view.provider(named) {
        Some(entry) => Ok((entry.object.id.clone(), entry.object.name.clone())),
        None => Err(check::fault("provider", "is no provider's id or name", "name a provider that exists, or add it first")),
    }
}

fn changed(view: &View, before: &MappingObject, change: MappingChange) -> Result<MappingObject, FieldFault> {
    let mut after = before.clone();
    if let Some(named) = change.provider {
        (after.provider_id, after.provider) = provider(view, &named)?;
    }
    set(&mut after.virtual_model, change.virtual_model);
    set(&mut after.provider_model, change.provider_model);
    set(&mut after.priority, change.priority);
    set(&mut after.weight, change.weight);
    set(&mut after.strict, change.strict);
    set(&mut after.options, change.options);
    set(&mut after.parameters, change.parameters);
    set(&mut after.enabled, change.enabled);
    change.timeouts.apply(&mut after.timeouts);
    Ok(after)
}

fn is_free(view: &View, object: &MappingObject) -> Result<(), ChangeFault> {
    let alike = |other: &MappingObject| {
        other.virtual_model == object.virtual_model
            && other.provider_model == object.provider_model
            && (other.provider_id == object.provider_id || other.provider == object.provider)
    };
    let other = view.mappings.iter().find(|(id, entry)| ***id != *object.id && alike(&entry.object));
    match other {
        Some((id, entry)) => Err(ChangeFault::Conflict(format!(
            "`{}` is mapped to `{}` of `{}` already, {}: change that mapping instead",
            object.virtual_model,
            object.provider_model,
            object.provider,
            stands(&entry.object.source, id)
        ))),
        None => Ok(()),
    }
}
