//! What is asked of a provider itself: a test, its models, a new secret tried before it takes the old one's place. All free of cost.

use super::provider_change::{NewProviderBody, RotateBody};
use super::provider_view::ProviderView;
use super::providers::find;
use crate::api::Api;
use crate::problem::{Kind, Outcome, Problem};
use crate::reply::Reply;
use crate::route::Call;
use gateway::snapshot::Provider;
use inventory::ProviderChange;
use monitor::TestReport;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What a test of a provider found. It costs nothing: no model is asked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TestReport)]
pub(crate) struct TestReportView {
    pub(crate) provider: String,
    /// Something answers there in HTTP; null where it was not looked at.
    pub(crate) reachable: Option<bool>,
    /// The provider takes the key; null where that cannot be told without paying.
    pub(crate) key_valid: Option<bool>,
    /// Nothing was found to be wrong.
    pub(crate) ok: bool,
    pub(crate) steps: Vec<TestStepView>,
    /// How many models it lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) models: Option<u64>,
    pub(crate) took_ms: u64,
}

/// One step, in the order in which a request takes them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TestStep)]
pub(crate) struct TestStepView {
    /// `dns`, `connect`, `tls`, `answer`, `probe`, `authentication`, `models`.
    pub(crate) name: String,
    /// The credential that it was made with, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
    pub(crate) state: TestStateView,
    /// False where it failed.
    pub(crate) ok: bool,
    /// What was found, in plain words.
    pub(crate) message: String,
    /// What helps, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) took_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TestState)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TestStateView {
    Passed,
    Failed,
    /// Not needed, or not reached because one before it failed.
    Skipped,
    /// It cannot be told without paying.
    Unknown,
}

/// The models that a provider lists.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ListedModels {
    pub(crate) data: Vec<ListedModelView>,
    /// Always null: there is one page.
    pub(crate) next: Option<String>,
}

/// A model that a provider lists, with what is known of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ListedModel)]
pub(crate) struct ListedModelView {
    /// The provider's own name of it: `provider_model` of a mapping.
    pub(crate) id: String,
    /// The name for people, where the provider gives one.
    pub(crate) name: Option<String>,
    /// False where the provider says that it is no longer served.
    pub(crate) active: bool,
    /// Tokens that fit in.
    pub(crate) context: Option<u64>,
    /// Tokens that it writes at most.
    pub(crate) max_output: Option<u64>,
}

/// A provider whose secret was exchanged.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Rotated {
    pub(crate) provider: ProviderView,
    /// What the test of the new secret found; null where it was skipped.
    pub(crate) test: Option<TestReportView>,
}

pub(crate) async fn test(api: Arc<Api>, call: Call) -> Outcome {
    let provider = prepared(&api, &call.id)?;
    Reply::ok(&monitor::test_provider(&*api.upstream, &provider).await)
}

/// Before it is saved.
pub(crate) async fn test_draft(api: Arc<Api>, mut call: Call) -> Outcome {
    let draft = api.inventory.draft_provider(call.body::<NewProviderBody>()?.wish()?)?;
    Reply::ok(&monitor::test_provider(&*api.upstream, &draft).await)
}

pub(crate) async fn models(api: Arc<Api>, call: Call) -> Outcome {
    let provider = prepared(&api, &call.id)?;
    let listed = monitor::list_models(&*api.upstream, &provider).await.map_err(|fault| Problem::provider(&fault))?;
    let data = listed.into_iter().map(|model| ListedModelView {
        id: model.id,
        name: model.display_name,
        active: model.active,
        context: model.context,
        max_output: model.max_output,
    });
    Reply::ok(&ListedModels { data: data.collect(), next: None })
}

/// The new secret is tried first; where the provider refuses it, the old one stays.
pub(crate) async fn rotate(api: Arc<Api>, mut call: Call) -> Outcome {
    let present = find(&api, &call.id)?;
    let body: RotateBody = call.body()?;
    let credential = body.wish(&present.object)?;
    let name = credential.name.clone();
    let change = ProviderChange { credentials: vec![credential], ..ProviderChange::default() };
    let draft = api.inventory.draft_provider_change(&call.id, &change)?;
    let test = match body.skip_test {
        true => None,
        false => monitor::test_credential(&*api.upstream, &draft, &name).await,
    };
    if let Some(report) = test.as_ref().filter(|report| !report.ok) {
        return Err(refused(report));
    }
    // On the version that was tried, or the switch could undo another change.
    let version = call.if_match.or_else(|| present.object.source.version());
    let entry = api.inventory.update_provider(&call.id, version, change).await?;
    let provider = ProviderView::of(&entry);
    let version = provider.standing.version;
    Ok(Reply::ok(&serde_json::json!({ "provider": provider, "test": test }))?.version(version))
}

fn refused(report: &TestReport) -> Problem {
    let failed = report.steps.iter().find(|step| !step.ok);
    let (found, remedy) = failed.map_or(("the test failed", None), |step| (step.message.as_str(), step.remedy.as_deref()));
    match report.key_valid {
        Some(false) => Problem::field("fields", format!("{found}; the old secret stays"), remedy.unwrap_or("send the right one")),
        _ => {
            let remedy = remedy.map(|remedy| format!(" ({remedy})")).unwrap_or_default();
            let detail = format!("{found}{remedy}: the old secret stays; send `skip_test: true` to switch without a test");
            Problem::new(Kind::TestFailed, detail)
        }
    }
}

/// The provider as the gateway calls it, switched off or not.
fn prepared(api: &Api, id: &str) -> Result<Arc<Provider>, Problem> {
    let entry = find(api, id)?;
    let view = api.inventory.view();
    let why = || entry.problem.as_deref().unwrap_or("it cannot be used as it stands").to_owned();
    view.prepared(id).cloned().ok_or_else(|| Problem::new(Kind::Conflict, format!("`{}` cannot be called: {}", entry.object.name, why())))
}
