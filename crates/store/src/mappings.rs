//! Model mappings: which provider serves a virtual model, under which name and in which order.

use crate::id::{new_id, now_us};
use crate::{Store, StoreError};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

const WHAT: &str = "mapping";

#[allow(unreachable_pub, reason = "the derive makes its items as visible as the model")]
mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "model_mappings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub virtual_model: String,
        pub provider_id: String,
        pub provider_model: String,
        pub priority: i64,
        pub weight: i64,
        pub strict: bool,
        pub options: String,
        pub parameters: String,
        pub timeouts: String,
        pub enabled: bool,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A mapping as it stands in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingRow {
    pub id: String,
    pub spec: MappingSpec,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What of a mapping is chosen by its owner.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingSpec {
    pub virtual_model: String,
    /// The id of a provider in the database, or `file:<name>`.
    pub provider_id: String,
    pub provider_model: String,
    /// Lower is tried first.
    pub priority: i32,
    pub weight: i32,
    pub strict: bool,
    /// JSON objects, as in the config file.
    pub options: serde_json::Value,
    pub parameters: serde_json::Value,
    pub timeouts: serde_json::Value,
    pub enabled: bool,
}

impl MappingSpec {
    pub fn new(virtual_model: impl Into<String>, provider_id: impl Into<String>, provider_model: impl Into<String>) -> Self {
        let empty = || serde_json::Value::Object(serde_json::Map::new());
        Self {
            virtual_model: virtual_model.into(),
            provider_id: provider_id.into(),
            provider_model: provider_model.into(),
            priority: 1,
            weight: 1,
            strict: false,
            options: empty(),
            parameters: empty(),
            timeouts: empty(),
            enabled: true,
        }
    }
}

pub struct Mappings<'a> {
    store: &'a Store,
}

impl<'a> Mappings<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// All mappings: by virtual model, then priority, then age.
    pub async fn list(&self) -> Result<Vec<MappingRow>, StoreError> {
        read_all(self.store.reader()).await?.into_iter().collect()
    }

    pub async fn get(&self, id: &str) -> Result<MappingRow, StoreError> {
        let found =
            row::Entity::find_by_id(id).one(self.store.reader()).await.map_err(StoreError::database(format!("reading mapping {id}")))?;
        found.ok_or_else(|| missing(id)).and_then(read)
    }

    pub async fn count(&self) -> Result<u64, StoreError> {
        row::Entity::find().count(self.store.reader()).await.map_err(StoreError::database("counting the mappings"))
    }

    pub async fn insert(&self, spec: MappingSpec) -> Result<String, StoreError> {
        let tx = self.store.begin_change().await?;
        let id = insert(&tx, spec).await?;
        self.store.commit(tx).await?;
        Ok(id)
    }

    /// Adds all of them or none; returns their ids in the same order.
    pub async fn insert_all(&self, specs: Vec<MappingSpec>) -> Result<Vec<String>, StoreError> {
        let tx = self.store.begin_change().await?;
        let mut ids = Vec::with_capacity(specs.len());
        for spec in specs {
            ids.push(insert(&tx, spec).await?);
        }
        self.store.commit(tx).await?;
        Ok(ids)
    }

    /// Replaces the mapping if it is still at `version`; returns the new version.
    pub async fn update(&self, id: &str, version: i64, spec: MappingSpec) -> Result<i64, StoreError> {
        let clash = clash(&spec);
        let change = row::Entity::update_many()
            .col_expr(row::Column::VirtualModel, spec.virtual_model.into())
            .col_expr(row::Column::ProviderId, spec.provider_id.into())
            .col_expr(row::Column::ProviderModel, spec.provider_model.into())
            .col_expr(row::Column::Priority, i64::from(spec.priority).into())
            .col_expr(row::Column::Weight, i64::from(spec.weight).into())
            .col_expr(row::Column::Strict, spec.strict.into())
            .col_expr(row::Column::Options, spec.options.to_string().into())
            .col_expr(row::Column::Parameters, spec.parameters.to_string().into())
            .col_expr(row::Column::Timeouts, spec.timeouts.to_string().into())
            .col_expr(row::Column::Enabled, spec.enabled.into())
            .col_expr(row::Column::Version, Expr::value(version + 1))
            .col_expr(row::Column::UpdatedAt, Expr::value(now_us()))
            .filter(row::Column::Id.eq(id))
            .filter(row::Column::Version.eq(version));
        let tx = self.store.begin_change().await?;
        let touched = change.exec(&tx).await.map_err(StoreError::write(format!("changing mapping {id}"), clash))?;
        if touched.rows_affected == 0 {
            return Err(why_untouched(&tx, id, version).await);
        }
        self.store.commit(tx).await?;
        Ok(version + 1)
    }

    pub async fn delete(&self, id: &str, version: i64) -> Result<(), StoreError> {
        let tx = self.store.begin_change().await?;
        let gone = row::Entity::delete_many().filter(row::Column::Id.eq(id)).filter(row::Column::Version.eq(version));
        let gone = gone.exec(&tx).await.map_err(StoreError::database(format!("deleting mapping {id}")))?;
        if gone.rows_affected == 0 {
            return Err(why_untouched(&tx, id, version).await);
        }
        self.store.commit(tx).await
    }
}

/// All mappings, each by itself: one that cannot be read does not hide the others.
pub(crate) async fn read_all(connection: &impl ConnectionTrait) -> Result<Vec<Result<MappingRow, StoreError>>, StoreError> {
    let ordered =
        row::Entity::find().order_by_asc(row::Column::VirtualModel).order_by_asc(row::Column::Priority).order_by_asc(row::Column::Id);
    let found = ordered.all(connection).await.map_err(StoreError::database("reading the mappings"))?;
    Ok(found.into_iter().map(read).collect())
}

async fn insert(tx: &impl ConnectionTrait, spec: MappingSpec) -> Result<String, StoreError> {
    let (id, now) = (new_id()?, now_us());
    let clash = clash(&spec);
    let fresh = row::ActiveModel {
        id: Set(id.clone()),
        virtual_model: Set(spec.virtual_model),
        provider_id: Set(spec.provider_id),
        provider_model: Set(spec.provider_model),
        priority: Set(spec.priority.into()),
        weight: Set(spec.weight.into()),
        strict: Set(spec.strict),
        options: Set(spec.options.to_string()),
        parameters: Set(spec.parameters.to_string()),
        timeouts: Set(spec.timeouts.to_string()),
        enabled: Set(spec.enabled),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    };
    row::Entity::insert(fresh).exec_without_returning(tx).await.map_err(StoreError::write("adding a mapping", clash))?;
    Ok(id)
}

/// The virtual model of some mapping that points to this provider.
pub(crate) async fn first_of_provider(tx: &impl ConnectionTrait, provider: &str) -> Result<Option<String>, StoreError> {
    let query = row::Entity::find().select_only().column(row::Column::VirtualModel).filter(row::Column::ProviderId.eq(provider)).limit(1);
    query.into_tuple().one(tx).await.map_err(StoreError::database("looking for mappings of a provider"))
}

fn read(model: row::Model) -> Result<MappingRow, StoreError> {
    let corrupt = |field: &str, cause: String| StoreError::Corrupt { what: WHAT, id: model.id.clone(), cause: format!("{field}: {cause}") };
    let json = |field: &str, text: &str| serde_json::from_str(text).map_err(|error: serde_json::Error| corrupt(field, error.to_string()));
    let number = |field: &str, number: i64| i32::try_from(number).map_err(|error| corrupt(field, error.to_string()));
    Ok(MappingRow {
        spec: MappingSpec {
            priority: number("priority", model.priority)?,
            weight: number("weight", model.weight)?,
            options: json("options", &model.options)?,
            parameters: json("parameters", &model.parameters)?,
            timeouts: json("timeouts", &model.timeouts)?,
            strict: model.strict,
            enabled: model.enabled,
            virtual_model: model.virtual_model,
            provider_id: model.provider_id,
            provider_model: model.provider_model,
        },
        version: model.version,
        created_at: model.created_at,
        updated_at: model.updated_at,
        id: model.id,
    })
}

async fn why_untouched(tx: &impl ConnectionTrait, id: &str, expected: i64) -> StoreError {
    crate::versions::why_untouched::<row::Entity>(tx, WHAT, row::Column::Version, id, expected).await
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound { what: WHAT, id: id.to_owned() }
}

fn clash(spec: &MappingSpec) -> String {
    format!(
        "{:?} is mapped to {:?} of provider {} already: change that mapping instead",
        spec.virtual_model, spec.provider_model, spec.provider_id
    )
}

#[cfg(test)]
mod tests;
