//! Every route of the admin API, and who may use it. What is not in this table does not exist.

// tidy: table (one entry for each route)

use crate::access::Access;
use crate::docs;
use crate::openapi;
use crate::problem::{Kind, Problem};
use crate::reply::Reply;
use crate::resources::explain::{self, ExplainBody, ExplanationView};
use crate::resources::keys::{self, KeyList, KeyPatchBody, KeyQuery, KeyView, KeyWithSecret, NewKeyBody, RollBody};
use crate::resources::mappings::{self, ImportBody, ImportView, MappingList, MappingPatchBody, MappingQuery, MappingView, NewMappingBody};
use crate::resources::provider_calls::{self, ListedModels, Rotated, TestReportView};
use crate::resources::provider_change::{NewProviderBody, ProviderPatchBody, RotateBody};
use crate::resources::provider_view::{ProviderList, ProviderView};
use crate::resources::providers::{self, ProviderQuery};
use crate::resources::requests::{self, RequestList, RequestQuery, RequestWithAttempts};
use crate::resources::system::{self, SystemView};
use crate::resources::types::{self, TypeList};
use crate::resources::usage::{self, UsageList, UsageQuery};
use crate::route::{Answer, Body, Content, Route, Shape};
use http::Method;

const NO_CONTENT: Answer = Answer { status: 204, description: "It is gone.", content: Content::None };

const fn ok(shape: Shape, description: &'static str) -> Answer {
    Answer { status: 200, description, content: Content::Json(shape) }
}

const fn created(shape: Shape, description: &'static str) -> Answer {
    Answer { status: 201, description, content: Content::Json(shape) }
}

/// What most routes are; the table writes down what is different.
macro_rules! route {
    ($method:ident $path:expr, $access:ident, $id:literal, $tag:literal, $summary:literal, $answer:expr, $run:expr
     $(, description: $description:literal)? $(, query: $query:ty)? $(, body: $body:expr)? $(, versioned: $versioned:literal)? $(, problems: $problems:expr)? $(,)?) => {
        Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            id: $id,
            tag: $tag,
            summary: $summary,
            description: route!(@or "" $(, $description)?),
            query: route!(@or None $(, Some(Shape::of::<$query>()))?),
            body: route!(@or Body::None $(, $body)?),
            answer: $answer,
            versioned: route!(@or false $(, $versioned)?),
            problems: route!(@or &[] $(, $problems)?),
            run: |api, call| Box::pin($run(api, call)),
        }
    };
    (@or $default:expr) => { $default };
    (@or $default:expr, $given:expr) => { $given };
}

pub(crate) static ROUTES: &[Route] = &[
    route!(GET "/openapi.json", Public, "openapi", "documentation", "This document",
        Answer { status: 200, description: "OpenAPI 3.1.", content: Content::FreeJson }, openapi_json),
    route!(GET "/docs", Public, "docs", "documentation", "This document as a page",
        Answer { status: 200, description: "A page.", content: Content::Html }, docs_page),
    route!(GET "/docs/{id}", Public, "docsAsset", "documentation", "A file of that page",
        Answer { status: 200, description: "A style, a script or a picture.", content: Content::None }, docs_asset, problems: &[401, 404, 429]),
    // Providers.
    route!(GET "/admin/v1/provider-types", Master, "listProviderTypes", "provider types", "What each type of provider needs to be told",
        ok(Shape::of::<TypeList>(), "The form of every type."), types::list),
    route!(GET providers::PATH, Master, "listProviders", "provider credentials", "The configured providers, page by page",
        ok(Shape::of::<ProviderList>(), "A page of providers."), providers::list, query: ProviderQuery),
    route!(POST providers::PATH, Master, "createProvider", "provider credentials", "Configure a provider",
        created(Shape::of::<ProviderView>(), "The provider."), providers::create,
        description: "It can be used by mappings from the answer on. Secrets are stored sealed and never shown again.",
        body: Body::Required(Shape::of::<NewProviderBody>())),
    route!(GET "/admin/v1/provider-credentials/{id}", Master, "getProvider", "provider credentials", "One provider",
        ok(Shape::of::<ProviderView>(), "The provider."), providers::get),
    route!(PATCH "/admin/v1/provider-credentials/{id}", Master, "changeProvider", "provider credentials", "Change a provider",
        ok(Shape::of::<ProviderView>(), "The provider as it is now."), providers::change,
        description: "What is not named stays. Another host in `base_url` needs every secret to be entered again in the same change.",
        body: Body::Required(Shape::of::<ProviderPatchBody>()), versioned: true, problems: &[409]),
    route!(DELETE "/admin/v1/provider-credentials/{id}", Master, "deleteProvider", "provider credentials", "Remove a provider",
        NO_CONTENT, providers::delete, description: "Refused while mappings point to it.", versioned: true, problems: &[409]),
    route!(POST "/admin/v1/provider-credentials/test", Master, "testDraft", "provider credentials", "Test a provider before it is saved",
        ok(Shape::of::<TestReportView>(), "What was found, step by step."), provider_calls::test_draft,
        description: "Nothing is stored, and no model is asked: it costs nothing.", body: Body::Required(Shape::of::<NewProviderBody>())),
    route!(POST "/admin/v1/provider-credentials/{id}/test", Master, "testProvider", "provider credentials", "Test a provider",
        ok(Shape::of::<TestReportView>(), "What was found, step by step."), provider_calls::test,
        description: "No model is asked: it costs nothing."),
    route!(GET "/admin/v1/provider-credentials/{id}/models", Master, "listProviderModels", "provider credentials", "The models that a provider lists",
        ok(Shape::of::<ListedModels>(), "Its models, with what is known of them."), provider_calls::models, problems: &[409, 502, 504]),
    route!(POST "/admin/v1/provider-credentials/{id}/rotate", Master, "rotateProvider", "provider credentials", "Exchange a secret of a provider",
        ok(Shape::of::<Rotated>(), "The provider with its new secret."), provider_calls::rotate,
        description: "The new secret is tried first, without cost; where the provider refuses it, the old one stays.",
        body: Body::Required(Shape::of::<RotateBody>()), versioned: true, problems: &[502]),
    // Mappings.
    route!(GET mappings::PATH, Master, "listMappings", "model mappings", "The model mappings, page by page",
        ok(Shape::of::<MappingList>(), "A page of mappings."), mappings::list, query: MappingQuery),
    route!(POST mappings::PATH, Master, "createMapping", "model mappings", "Map a virtual model to a provider's model",
        created(Shape::of::<MappingView>(), "The mapping."), mappings::create, body: Body::Required(Shape::of::<NewMappingBody>())),
    route!(POST "/admin/v1/model-mappings/import", Master, "importMappings", "model mappings", "Make many mappings at once",
        ok(Shape::of::<ImportView>(), "What was made, or would be."), mappings::import,
        description: "All of them are made, or none.", body: Body::Required(Shape::of::<ImportBody>())),
    route!(GET "/admin/v1/model-mappings/{id}", Master, "getMapping", "model mappings", "One mapping",
        ok(Shape::of::<MappingView>(), "The mapping."), mappings::get),
    route!(PATCH "/admin/v1/model-mappings/{id}", Master, "changeMapping", "model mappings", "Change a mapping",
        ok(Shape::of::<MappingView>(), "The mapping as it is now."), mappings::change,
        body: Body::Required(Shape::of::<MappingPatchBody>()), versioned: true, problems: &[409]),
    route!(DELETE "/admin/v1/model-mappings/{id}", Master, "deleteMapping", "model mappings", "Remove a mapping",
        NO_CONTENT, mappings::delete, versioned: true, problems: &[409]),
    // Keys.
    route!(GET keys::PATH, Master, "listKeys", "virtual keys", "The virtual keys, page by page",
        ok(Shape::of::<KeyList>(), "A page of keys, without their secrets."), keys::list, query: KeyQuery),
    route!(POST keys::PATH, Master, "createKey", "virtual keys", "Make a virtual key",
        created(Shape::of::<KeyWithSecret>(), "The key with its secret, which is shown only now."), keys::create,
        body: Body::Required(Shape::of::<NewKeyBody>())),
    route!(GET "/admin/v1/virtual-keys/{id}", Master, "getKey", "virtual keys", "One key, without its secret",
        ok(Shape::of::<KeyView>(), "The key."), keys::get),
    route!(PATCH "/admin/v1/virtual-keys/{id}", Master, "changeKey", "virtual keys", "Change, suspend or resume a key",
        ok(Shape::of::<KeyView>(), "The key as it is now."), keys::change, description: "The change holds for the next request.",
        body: Body::Required(Shape::of::<KeyPatchBody>()), versioned: true, problems: &[409]),
    route!(DELETE "/admin/v1/virtual-keys/{id}", Master, "revokeKey", "virtual keys", "Revoke a key",
        NO_CONTENT, keys::delete, description: "It is unknown from the next request on.", versioned: true, problems: &[409]),
    route!(POST "/admin/v1/virtual-keys/{id}/roll", Master, "rollKey", "virtual keys", "Give a key another secret",
        ok(Shape::of::<KeyWithSecret>(), "The key with its new secret, which is shown only now."), keys::roll,
        description: "The old secret works on for the grace: 24 hours if nothing else is said.",
        body: Body::Optional(Shape::of::<RollBody>()), versioned: true),
    // What was asked.
    route!(GET "/admin/v1/requests", Master, "listRequests", "usage", "The requests, newest first, page by page",
        ok(Shape::of::<RequestList>(), "A page of requests."), requests::list, query: RequestQuery),
    route!(GET "/admin/v1/requests/{id}", Master, "getRequest", "usage", "One request with its attempts",
        ok(Shape::of::<RequestWithAttempts>(), "The request."), requests::get,
        description: "By its id, or by the `x-request-id` that its caller saw."),
    route!(GET "/admin/v1/usage", Master, "listUsage", "usage", "Sums by day, model, provider or key",
        ok(Shape::of::<UsageList>(), "A page of groups."), usage::list, query: UsageQuery),
    route!(POST "/admin/v1/explain", Master, "explain", "model mappings", "The dry run of a request",
        ok(Shape::of::<ExplanationView>(), "The candidates with reasons, the request that would go out, and what it would lose."), explain::explain,
        description: "Nobody is called, and secrets are masked.", body: Body::Required(Shape::of::<ExplainBody>()), problems: &[404]),
    // Conduit itself.
    route!(GET "/admin/v1/system", Master, "system", "system", "The state of Conduit",
        ok(Shape::of::<SystemView>(), "Version, configuration, database, and what cannot be used as it stands."), system::get),
];

/// What the contract names and a later version builds: refused by name, so that nobody takes the answer for a typing error.
const NOT_BUILT: &[&str] = &[
    "routing",
    "drill",
    "provider-health",
    "notification-channels",
    "notification-rules",
    "notification-deliveries",
    "prices",
    "cache",
    "audit",
    "session",
    "backup",
    "key-groups",
    "requests/stream",
];

/// The name of the resource that a path asks for, if it comes later.
pub(crate) fn not_built(path: &str) -> Option<&'static str> {
    let rest = path.strip_prefix("/admin/v1/")?;
    let is_it = |name: &&&str| rest.strip_prefix(**name).is_some_and(|after| after.is_empty() || after.starts_with('/'));
    NOT_BUILT.iter().find(is_it).copied()
}

async fn openapi_json(_: std::sync::Arc<crate::api::Api>, _: crate::route::Call) -> crate::problem::Outcome {
    Reply::ok(openapi::document())
}

async fn docs_page(_: std::sync::Arc<crate::api::Api>, _: crate::route::Call) -> crate::problem::Outcome {
    Ok(docs::page())
}

async fn docs_asset(_: std::sync::Arc<crate::api::Api>, call: crate::route::Call) -> crate::problem::Outcome {
    docs::asset(&call.id).ok_or_else(|| Problem::new(Kind::NoSuchRoute, "the page has no such file"))
}
