//! `/admin/v1/provider-credentials`: the configured providers with their credentials.

use super::not_found;
use super::page::page;
use super::provider_change::{NewProviderBody, ProviderPatchBody};
use super::provider_view::{ProviderList, ProviderView};
use crate::api::Api;
use crate::problem::{Outcome, Problem};
use crate::reply::Reply;
use crate::route::Call;
use inventory::object::ProviderObject;
use inventory::view::Entry;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

pub(crate) const PATH: &str = "/admin/v1/provider-credentials";

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderQuery {
    /// So many at most.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// `next` of the page before.
    #[schema(max_length = 600)]
    after: Option<String>,
    /// Only the one of this name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Only those of this type.
    #[serde(rename = "type")]
    #[schema(max_length = 64)]
    kind: Option<String>,
}

pub(crate) async fn list(api: Arc<Api>, mut call: Call) -> Outcome {
    let query: ProviderQuery = call.query()?;
    let wanted = |object: &ProviderObject| {
        query.name.as_ref().is_none_or(|name| *name == object.name) && query.kind.as_ref().is_none_or(|kind| *kind == object.kind)
    };
    let view = api.inventory.view();
    let (entries, next) = page(&view.providers, query.after.as_deref(), query.limit, wanted)?;
    Reply::ok(&ProviderList { data: entries.iter().map(|(_, entry)| ProviderView::of(entry)).collect(), next })
}

pub(crate) async fn get(api: Arc<Api>, call: Call) -> Outcome {
    shown(&find(&api, &call.id)?)
}

pub(crate) async fn create(api: Arc<Api>, mut call: Call) -> Outcome {
    let wish = call.body::<NewProviderBody>()?.wish()?;
    let made = ProviderView::of(&api.inventory.create_provider(wish).await?);
    let version = made.standing.version;
    Ok(Reply::created(&made, format!("{PATH}/{}", made.id))?.version(version))
}

pub(crate) async fn change(api: Arc<Api>, mut call: Call) -> Outcome {
    let present = find(&api, &call.id)?;
    let wish = call.body::<ProviderPatchBody>()?.wish(&present.object)?;
    shown(&api.inventory.update_provider(&call.id, call.if_match, wish).await?)
}

pub(crate) async fn delete(api: Arc<Api>, call: Call) -> Outcome {
    api.inventory.delete_provider(&call.id, call.if_match).await?;
    Ok(Reply::gone())
}

pub(super) fn find(api: &Api, id: &str) -> Result<Entry<ProviderObject>, Problem> {
    api.inventory.view().providers.get(id).cloned().ok_or_else(|| not_found("provider", id))
}

pub(super) fn shown(entry: &Entry<ProviderObject>) -> Outcome {
    Ok(Reply::ok(&ProviderView::of(entry))?.version(entry.object.source.version()))
}
