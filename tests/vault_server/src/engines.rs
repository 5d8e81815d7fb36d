//! The KV engines, and what the server says about what is mounted.

use crate::answers::{data, errors, no_route};
use crate::namespace::{Contents, Kv};
use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

/// Reads a path of an engine; `path` is without `/v1/`.
pub(crate) fn read(contents: &mut Contents, path: &str) -> Response<Body> {
    let Some((mount, rest)) = contents.mount_of(path) else { return no_route(path) };
    match mount.kind {
        Kv::One => match mount.secrets.get(&rest).and_then(|versions| versions.last()) {
            Some(version) => data(200, version.data.clone(), 2_764_800, "kv"),
            None => errors(404, &[]),
        },
        Kv::Two => {
            let Some(rest) = rest.strip_prefix("data/") else { return not_versioned() };
            let Some(versions) = mount.secrets.get(rest) else { return errors(404, &[]) };
            let Some(version) = versions.last() else { return errors(404, &[]) };
            let is_gone = version.is_deleted || version.is_destroyed;
            let value = if is_gone { Value::Null } else { version.data.clone() };
            let answer = json!({"data": value, "metadata": version.metadata(versions.len())});
            data(if is_gone { 404 } else { 200 }, answer, 0, "kv")
        }
        Kv::Other(_) => errors(405, &["1 error occurred:\n\t* unsupported operation\n\n"]),
    }
}

/// What version 2 answers to a path of version 1.
fn not_versioned() -> Response<Body> {
    let warning =
        "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use.";
    crate::answers::of(404, &json!({"errors": [], "warnings": [warning]}))
}

/// `sys/internal/ui/mounts/<path>`, which Vault's own command asks before it reads.
pub(crate) fn mount(contents: &mut Contents, policies: Option<&[String]>, path: &str) -> Response<Body> {
    let name = contents.mount_name(path);
    let visible = name.filter(|name| policies.is_some_and(|policies| contents.touches(policies, name)));
    let Some(name) = visible else {
        let text = format!(
            "preflight capability check returned 403, please ensure client's policies grant access to path \"{path}/\""
        );
        return errors(403, &[&text]);
    };
    let (kind, options) = match contents.mounts.get(&name).map(|mount| mount.kind) {
        Some(Kv::Two) => ("kv", json!({"version": "2"})),
        Some(Kv::Other(kind)) => (kind, Value::Null),
        _ => ("kv", json!({"version": "1"})),
    };
    let answer = json!({
        "accessor": "kv_6b1a6c31",
        "config": {"default_lease_ttl": 0, "force_no_cache": false, "max_lease_ttl": 0},
        "description": "key/value secret storage",
        "external_entropy_access": false,
        "local": false,
        "options": options,
        "path": format!("{name}/"),
        "plugin_version": "",
        "running_plugin_version": "v0.21.0+builtin",
        "running_sha256": "",
        "seal_wrap": false,
        "type": kind,
        "uuid": "0f3b6a3c-2a1e-1c55-9a53-3d7fb2a0b3a5",
    });
    data(200, answer, 0, "")
}
