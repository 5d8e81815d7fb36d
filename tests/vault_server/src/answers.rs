//! The JSON shapes that all answers of Vault share.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// A JSON body with a status.
pub(crate) fn of(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{body}\n")));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A refusal.
pub(crate) fn errors(status: u16, texts: &[&str]) -> Response<Body> {
    of(status, &json!({"errors": texts}))
}

/// What a path answers that has data.
pub(crate) fn data(status: u16, data: Value, lease: u64, mount_type: &str) -> Response<Body> {
    of(status, &envelope(data, Value::Null, lease, mount_type))
}

/// What a login or renewal answers.
pub(crate) fn auth(auth: Value) -> Response<Body> {
    of(200, &envelope(Value::Null, auth, 0, ""))
}

fn envelope(data: Value, auth: Value, lease: u64, mount_type: &str) -> Value {
    json!({
        "request_id": "5e5e6a1f-5b4d-7d1c-2a4a-0c9f5c1f7b11",
        "lease_id": "",
        "renewable": false,
        "lease_duration": lease,
        "data": data,
        "wrap_info": null,
        "warnings": null,
        "auth": auth,
        "mount_type": mount_type,
    })
}

/// What the server says where nothing is mounted.
pub(crate) fn no_route(path: &str) -> Response<Body> {
    errors(404, &[&format!("no handler for route {path:?}. route entry not found.")])
}
