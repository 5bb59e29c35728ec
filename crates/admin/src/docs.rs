//! `/docs`: the OpenAPI document as a page. Everything it needs comes from this program, and its policy lets the page reach nothing else.

use crate::reply::Reply;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use http::{HeaderValue, StatusCode};
use std::sync::Arc;

/// Files of the page that come from the bundled Swagger UI; its own page and start script are replaced by ours, which name no other host.
const BUNDLED: &[&str] = &["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];
const START: &str = "start.js";

/// Styles are set by script on single elements, which counts as inline; scripts only come as files from here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8">
    <title>Conduit: API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
"#;

const SCRIPT: &str = r##"SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"##;

/// Whether a path below `/docs/` is a file of the page.
pub(crate) fn is_asset(name: &str) -> bool {
    name == START || BUNDLED.contains(&name)
}

pub(crate) fn page() -> Reply {
    file("text/html; charset=utf-8", PAGE.as_bytes().to_vec())
}

/// A file of the page.
pub(crate) fn asset(name: &str) -> Option<Reply> {
    if name == START {
        return Some(file("text/javascript; charset=utf-8", SCRIPT.as_bytes().to_vec()));
    }
    let name = BUNDLED.iter().find(|known| **known == name)?;
    let found = utoipa_swagger_ui::serve(name, Arc::new(utoipa_swagger_ui::Config::from("/openapi.json"))).ok()??;
    Some(file(&found.content_type, found.bytes.into_owned()))
}

fn file(content_type: &str, bytes: Vec<u8>) -> Reply {
    let mut reply = Reply::whole(StatusCode::OK, bytes);
    let headers = &mut reply.headers;
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if let Ok(value) = HeaderValue::try_from(content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    reply
}
