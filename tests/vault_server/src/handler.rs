//! One request from its arrival to its answer: what was seen, what is to fail, who asks, and for what.

use crate::answers::{errors, no_route, of};
use crate::gate::Peer;
use crate::state::{Seen, Shared, State, lock};
use crate::{auth, engines, faults};
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State as Of};
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::json;

/// Answers a request.
pub(crate) async fn handle(
    Of(state): Of<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let seen = Seen {
        method: method.to_string(),
        path: decoded(uri.path()),
        token: header("x-vault-token"),
        namespace: header("x-vault-namespace").unwrap_or_default().trim_matches('/').to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let fault = {
        let mut state = lock(&state);
        state.seen.push(seen.clone());
        state.faults.next(&seen.path)
    };
    if let Some(fault) = fault {
        let request = format!("{} {}", seen.token.as_deref().unwrap_or_default(), seen.body);
        return faults::answer(fault, &seen.path, &request, &peer).await;
    }
    answer(&mut lock(&state), &seen, header("x-vault-request").is_some())
}

fn answer(state: &mut State, seen: &Seen, says_it_is_a_request: bool) -> Response<Body> {
    let Some(path) = seen.path.strip_prefix("/v1/") else { return of(404, &json!({"errors": []})) };
    if path == "sys/health" {
        return health(state);
    }
    if state.is_sealed {
        return errors(503, &["Vault is sealed"]);
    }
    // Agents and proxies of Vault may be set to want it.
    if !says_it_is_a_request {
        return errors(412, &["missing 'X-Vault-Request' header"]);
    }
    if state.contents(&seen.namespace).is_none() {
        return no_route(path);
    }
    if let Some(mount) = path.strip_prefix("auth/").and_then(|path| path.strip_suffix("/login")) {
        return match seen.method.as_str() {
            "POST" | "PUT" => auth::log_in(state, &seen.namespace, mount, &seen.body),
            _ => errors(405, &["unsupported operation"]),
        };
    }
    // Looks at the token without using it, as the real one.
    if let Some(path) = path.strip_prefix("sys/internal/ui/mounts/") {
        let token = seen.token.as_deref().and_then(|token| state.tokens.peek(token));
        let policies =
            token.filter(|token| token.namespace == seen.namespace).map(|token| token.grant.policies.clone());
        return match state.contents(&seen.namespace) {
            Some(contents) => engines::mount(contents, policies.as_deref(), path),
            None => no_route(path),
        };
    }
    let text = seen.token.as_deref().unwrap_or_default();
    let Some(token) = state.tokens.use_once(text).filter(|token| token.namespace == seen.namespace) else {
        return errors(403, &["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]);
    };
    let Some(contents) = state.contents(&seen.namespace) else { return no_route(path) };
    if !contents.allows(&token.grant.policies, path) {
        return errors(403, &["1 error occurred:\n\t* permission denied\n\n"]);
    }
    match (seen.method.as_str(), path) {
        ("GET", "auth/token/lookup-self") => auth::look_up(text, &token),
        ("POST" | "PUT", "auth/token/renew-self") => auth::renew(text, &token),
        ("GET", path) => engines::read(contents, path),
        _ => errors(405, &["1 error occurred:\n\t* unsupported operation\n\n"]),
    }
}

/// `%20` and the like as what they stand for.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes: Vec<u8> = parts.next().unwrap_or_default().into();
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
            }
            None => {
                bytes.push(b'%');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn health(state: &State) -> Response<Body> {
    let body = json!({
        "initialized": true,
        "sealed": state.is_sealed,
        "standby": false,
        "performance_standby": false,
        "replication_performance_mode": "disabled",
        "replication_dr_mode": "disabled",
        "server_time_utc": 1_772_368_200,
        "version": "1.19.0",
        "enterprise": false,
        "cluster_name": "vault-cluster-test",
        "cluster_id": "1d8a7e5f-0d1a-4cf6-9e0e-8b8f5d6c6c7e",
    });
    of(if state.is_sealed { 503 } else { 200 }, &body)
}
