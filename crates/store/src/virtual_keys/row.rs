//! The table behind the virtual keys, and how its texts are read.

use super::{PreviousSecret, VirtualKeyRow, VirtualKeySpec, WHAT};
use crate::StoreError;
use chat::Operation;
use gateway::keys::KeyHash;
pub(super) use table::{ActiveModel, Column, Entity, Model};

#[allow(unreachable_pub, reason = "the derive makes its items as visible as the model")]
mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "virtual_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub hash: Vec<u8>,
        pub prefix: String,
        pub tail: String,
        pub models: String,
        pub operations: Option<String>,
        pub concurrency: Option<i64>,
        pub expires_at: Option<i64>,
        pub enabled: bool,
        pub suspended: bool,
        pub previous_hash: Option<Vec<u8>>,
        pub previous_tail: Option<String>,
        pub previous_until: Option<i64>,
        pub previous_used_at: Option<i64>,
        pub previous_uses: i64,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) fn read(model: Model) -> Result<VirtualKeyRow, StoreError> {
    let corrupt = |cause: String| StoreError::Corrupt { what: WHAT, id: model.id.clone(), cause };
    let hash = |name: &str, bytes: &[u8]| {
        KeyHash::try_from(bytes).map_err(|_| corrupt(format!("its {name} has {} bytes and not 32", bytes.len())))
    };
    let previous = match (&model.previous_hash, model.previous_until) {
        (Some(bytes), Some(until)) => Some(PreviousSecret {
            hash: hash("previous hash", bytes)?,
            tail: model.previous_tail.clone().unwrap_or_default(),
            until,
            used_at: model.previous_used_at,
            uses: model.previous_uses.unsigned_abs(),
        }),
        _ => None,
    };
    let spec = VirtualKeySpec {
        models: serde_json::from_str(&model.models).map_err(|error| corrupt(format!("models: {error}")))?,
        operations: model.operations.as_deref().map(operations).transpose().map_err(corrupt)?,
        concurrency: model.concurrency.map(u32::try_from).transpose().map_err(|error| corrupt(format!("concurrency: {error}")))?,
        name: model.name.clone(),
        expires_at: model.expires_at,
        enabled: model.enabled,
        suspended: model.suspended,
    };
    Ok(VirtualKeyRow {
        hash: hash("hash", &model.hash)?,
        previous,
        spec,
        id: model.id,
        prefix: model.prefix,
        tail: model.tail,
        version: model.version,
        created_at: model.created_at,
        updated_at: model.updated_at,
    })
}

fn operations(text: &str) -> Result<Vec<Operation>, String> {
    let names: Vec<String> = serde_json::from_str(text).map_err(|error| format!("operations: {error}"))?;
    let known = |name: String| Operation::from_name(&name).ok_or_else(|| format!("operations: this version does not know {name:?}"));
    names.into_iter().map(known).collect()
}

pub(super) fn models_text(models: Option<&[String]>) -> String {
    serde_json::Value::from(models.map(<[String]>::to_vec)).to_string()
}

pub(super) fn operations_text(operations: Option<&[Operation]>) -> Option<String> {
    operations.map(|list| serde_json::Value::from(list.iter().map(|operation| operation.name()).collect::<Vec<_>>()).to_string())
}
