//! `/admin/v1/usage`: sums over the requests, by day, model, provider or key.

use super::requests::{Meant, TokensView};
use crate::api::Api;
use crate::problem::Outcome;
use crate::reply::Reply;
use crate::route::Call;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::usage::{GroupBy, UsageGroup};
use utoipa::ToSchema;

/// What the requests are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsageBy {
    /// Days of UTC.
    Day,
    /// The virtual model.
    Model,
    Provider,
    Key,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageQuery {
    /// Day, if nothing else is said.
    by: Option<UsageBy>,
    /// So many groups at most.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// `next` of the page before.
    #[schema(max_length = 205)]
    after: Option<String>,
    /// Only requests that began at this moment or later.
    #[schema(format = "date-time", max_length = 64)]
    from: Option<String>,
    /// Only requests that began before this moment.
    #[schema(format = "date-time", max_length = 64)]
    to: Option<String>,
    /// Only those of the key of this id or name.
    #[schema(max_length = 205)]
    key: Option<String>,
    /// Only those for this virtual model.
    #[schema(max_length = 205)]
    model: Option<String>,
    /// Only those at the provider of this name.
    #[schema(max_length = 205)]
    provider: Option<String>,
}

/// The sums of one group.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = UsageGroup)]
pub(crate) struct UsageView {
    /// The day as `2026-11-22`, the model, the provider's name (empty for requests that reached none), or the key's id.
    pub(crate) group: String,
    /// The key's name, where groups are keys.
    pub(crate) name: Option<String>,
    /// Requests, those included that were refused before a provider was called.
    pub(crate) requests: u64,
    /// Those of them that did not succeed.
    pub(crate) errors: u64,
    /// Calls of providers.
    pub(crate) attempts: u64,
    /// Tokens of all attempts.
    pub(crate) usage: TokensView,
    /// Prices are not built in this version.
    pub(crate) cost_usd: Option<String>,
}

/// A page of groups.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct UsageList {
    pub(crate) by: UsageBy,
    pub(crate) data: Vec<UsageView>,
    /// For `after` of the next page; null on the last one.
    pub(crate) next: Option<String>,
}

pub(crate) async fn list(api: Arc<Api>, mut call: Call) -> Outcome {
    let query: UsageQuery = call.query()?;
    let by = query.by.unwrap_or(UsageBy::Day);
    let meant = Meant {
        from: query.from.as_deref(),
        to: query.to.as_deref(),
        key: query.key.as_deref(),
        model: query.model.as_deref(),
        provider: query.provider.as_deref(),
    };
    let filter = meant.filter(&api)?;
    let limit = usize::from(query.limit.unwrap_or(super::page::USUAL_LIMIT));
    // One more than asked for tells whether there is a next page.
    let mut groups = api.store.usage().grouped(by.stored(), &filter, query.after.as_deref(), limit as u64 + 1).await?;
    let more = groups.len() > limit;
    groups.truncate(limit);
    let next = groups.last().filter(|_| more).map(|last| last.group.clone());
    let keys = groups.iter().filter(|_| by == UsageBy::Key).map(|group| group.group.as_str());
    let names = super::requests::names(&api, keys).await?;
    let data = groups.into_iter().map(|group| UsageView::of(names.get(&group.group).cloned(), group)).collect();
    Reply::ok(&UsageList { by, data, next })
}

impl UsageBy {
    fn stored(self) -> GroupBy {
        match self {
            Self::Day => GroupBy::Day,
            Self::Model => GroupBy::Model,
            Self::Provider => GroupBy::Provider,
            Self::Key => GroupBy::Key,
        }
    }
}

impl UsageView {
    fn of(name: Option<String>, group: UsageGroup) -> Self {
        let usage = TokensView::of(&group.usage);
        Self { group: group.group, name, requests: group.requests, errors: group.errors, attempts: group.attempts, usage, cost_usd: None }
    }
}
