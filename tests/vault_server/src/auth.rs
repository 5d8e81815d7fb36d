//! Logins, and what a token may ask about itself.

use crate::answers::{auth, data, errors, no_route};
use crate::state::State;
use crate::tokens::{Grant, Token};
use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

/// `auth/<mount>/login`.
pub(crate) fn log_in(state: &mut State, namespace: &str, mount: &str, body: &str) -> Response<Body> {
    let Ok(body) = serde_json::from_str::<Value>(body) else { return errors(400, &["failed to parse JSON input"]) };
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(contents) = state.contents(namespace) else { return no_route(mount) };
    let grant = if contents.app_roles.iter().any(|role| role.mount == mount) {
        let (role_id, secret_id) = (text("role_id"), text("secret_id"));
        let known = contents.app_roles.iter_mut().find(|role| {
            role.mount == mount && role.role_id == role_id && role.secret_id == secret_id && role.uses != Some(0)
        });
        let Some(known) = known else { return errors(400, &["invalid role or secret ID"]) };
        if let Some(uses) = &mut known.uses {
            *uses -= 1;
        }
        known.grant.clone()
    } else if contents.kubernetes_roles.iter().any(|role| role.mount == mount) {
        let (role, jwt) = (text("role"), text("jwt"));
        let mut of_mount = contents.kubernetes_roles.iter().filter(|known| known.mount == mount && known.role == role);
        let Some(known) = of_mount.next() else { return errors(400, &[&format!("invalid role name {role:?}")]) };
        if known.jwt != jwt {
            return errors(403, &["permission denied"]);
        }
        known.grant.clone()
    } else {
        return no_route(&format!("auth/{mount}/login"));
    };
    let token = state.tokens.issue(namespace, grant.clone());
    auth(granted(&token, &grant))
}

/// `auth/token/lookup-self`.
pub(crate) fn look_up(text: &str, token: &Token) -> Response<Body> {
    let grant = &token.grant;
    let expires = if grant.ttl == 0 { Value::Null } else { "2026-03-01T13:30:00.123456789Z".into() };
    let answer = json!({
        "accessor": accessor(token.number),
        "creation_time": 1_772_368_200,
        "creation_ttl": grant.ttl,
        "display_name": "token",
        "entity_id": "",
        "expire_time": expires,
        "explicit_max_ttl": 0,
        "id": text,
        "issue_time": "2026-03-01T12:30:00.123456789Z",
        "meta": null,
        "num_uses": grant.uses,
        "orphan": true,
        "path": "auth/token/create",
        "policies": grant.policies,
        "renewable": grant.is_renewable,
        "ttl": grant.ttl,
        "type": "service",
    });
    data(200, answer, 0, "token")
}

/// `auth/token/renew-self`.
pub(crate) fn renew(text: &str, token: &Token) -> Response<Body> {
    if !token.grant.is_renewable {
        return errors(400, &["lease is not renewable"]);
    }
    auth(granted(text, &token.grant))
}

fn granted(token: &str, grant: &Grant) -> Value {
    json!({
        "client_token": token,
        "accessor": accessor(0),
        "policies": grant.policies,
        "token_policies": grant.policies,
        "metadata": {"role_name": "etl"},
        "lease_duration": grant.ttl,
        "renewable": grant.is_renewable,
        "entity_id": "8c2a4f0e-8d65-4a3c-9d4e-9d3a3f1d2b6c",
        "token_type": "service",
        "orphan": true,
        "mfa_requirement": null,
        "num_uses": grant.uses,
    })
}

fn accessor(number: u64) -> String {
    format!("accessor{number:016}")
}
