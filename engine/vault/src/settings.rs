//! The settings of a client, from the variables that Vault's own command reads, and a few of ours.

mod variables;

use crate::failure::Failure;
use crate::login::{Login, SecretId, is_token};
use crate::trust::Trust;
use pypeline_engine::secrets::SecretError;
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use variables::Variables;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const READ_DEADLINE: Duration = Duration::from_secs(30);
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Where a Vault is, how to log in, and how long to wait. Has no `Debug`: it holds tokens.
pub struct Settings {
    pub(crate) address: Url,
    pub(crate) namespace: Option<HeaderValue>,
    pub(crate) trust: Trust,
    pub(crate) login: Login,
    /// For one request.
    pub(crate) timeout: Duration,
    /// For one read with all its requests.
    pub(crate) deadline: Duration,
}

impl Settings {
    /// Reads the environment by `lookup`; none where `VAULT_ADDR` is not set. An empty variable counts as not set.
    ///
    /// Vault's own: `VAULT_ADDR`, `VAULT_TOKEN` (else `VAULT_TOKEN_FILE`, else `~/.vault-token`), `VAULT_NAMESPACE`,
    /// `VAULT_CACERT`, `VAULT_CAPATH`, `VAULT_CLIENT_CERT`, `VAULT_CLIENT_KEY`, `VAULT_SKIP_VERIFY`, `VAULT_CLIENT_TIMEOUT`
    /// (one request, 10 s). Ours: `PYPE_VAULT_AUTH` (`token`, `approle`, `kubernetes`), `PYPE_VAULT_AUTH_MOUNT`,
    /// `PYPE_VAULT_ROLE_ID`, `PYPE_VAULT_SECRET_ID` or `PYPE_VAULT_SECRET_ID_FILE`, `PYPE_VAULT_ROLE`, `PYPE_VAULT_JWT_FILE`,
    /// `PYPE_VAULT_DEADLINE` (one read, 30 s). Durations are seconds, or have a unit as in `90s` and `2m`.
    ///
    /// Files are read when they are needed, not here. Nothing is sent.
    ///
    /// # Errors
    /// A setting that cannot be: `Reason::Setup`, with the variable's name and never its value; its place is `vault://`.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, SecretError> {
        let lookup: &dyn Fn(&str) -> Option<String> = &lookup;
        Self::read(&Variables::new(lookup)).map_err(|failure| failure.at(""))
    }

    fn read(variables: &Variables<'_>) -> Result<Option<Self>, Failure> {
        let Some(address) = variables.address("VAULT_ADDR")? else { return Ok(None) };
        let identity = match (variables.path("VAULT_CLIENT_CERT"), variables.path("VAULT_CLIENT_KEY")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) => return Err(variables.missing("VAULT_CLIENT_KEY", "VAULT_CLIENT_CERT is set")),
            (None, Some(_)) => return Err(variables.missing("VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY is set")),
        };
        let trust = Trust {
            ca_file: variables.path("VAULT_CACERT"),
            ca_folder: variables.path("VAULT_CAPATH"),
            identity,
            skips_verification: variables.flag("VAULT_SKIP_VERIFY")?,
        };
        if variables.text("VAULT_TLS_SERVER_NAME").is_some() {
            tracing::warn!(
                "VAULT_TLS_SERVER_NAME is not supported: the certificate has to be for the host of VAULT_ADDR"
            );
        }
        Ok(Some(Self {
            address,
            namespace: variables.header("VAULT_NAMESPACE")?,
            trust,
            login: login(variables)?,
            timeout: variables.duration("VAULT_CLIENT_TIMEOUT", REQUEST_TIMEOUT)?,
            deadline: variables.duration("PYPE_VAULT_DEADLINE", READ_DEADLINE)?,
        }))
    }
}

fn login(variables: &Variables<'_>) -> Result<Login, Failure> {
    let method = variables.text("PYPE_VAULT_AUTH");
    let mount = |usual: &str| {
        let mount = variables.text("PYPE_VAULT_AUTH_MOUNT").unwrap_or_else(|| usual.to_owned());
        let mount = mount.trim_matches('/');
        mount.strip_prefix("auth/").unwrap_or(mount).to_owned()
    };
    match method.as_deref() {
        None | Some("token") => token(variables),
        Some("approle") => {
            let needed = "PYPE_VAULT_AUTH is `approle`";
            let role_id = variables.secret("PYPE_VAULT_ROLE_ID");
            let role_id = role_id.ok_or_else(|| variables.missing("PYPE_VAULT_ROLE_ID", needed))?;
            let secret_id = match variables.secret("PYPE_VAULT_SECRET_ID") {
                Some(text) => SecretId::Text(text),
                None => {
                    let file = variables.path("PYPE_VAULT_SECRET_ID_FILE");
                    SecretId::File(file.ok_or_else(|| {
                        variables.missing("PYPE_VAULT_SECRET_ID or PYPE_VAULT_SECRET_ID_FILE", needed)
                    })?)
                }
            };
            Ok(Login::AppRole { mount: mount("approle"), role_id, secret_id })
        }
        Some("kubernetes") => {
            let role = variables.text("PYPE_VAULT_ROLE");
            let role = role.ok_or_else(|| variables.missing("PYPE_VAULT_ROLE", "PYPE_VAULT_AUTH is `kubernetes`"))?;
            let jwt_file = variables.path("PYPE_VAULT_JWT_FILE").unwrap_or_else(|| PathBuf::from(SERVICE_ACCOUNT));
            Ok(Login::Kubernetes { mount: mount("kubernetes"), role, jwt_file })
        }
        Some(_) => Err(variables.wrong(
            "PYPE_VAULT_AUTH",
            "is none of `token`, `approle`, `kubernetes`",
            "set it to one of these",
        )),
    }
}

fn token(variables: &Variables<'_>) -> Result<Login, Failure> {
    if let Some(token) = variables.secret("VAULT_TOKEN") {
        if !is_token(token.expose()) {
            return Err(variables.wrong(
                "VAULT_TOKEN",
                "holds no token, which is one word",
                "is there a line break in it?",
            ));
        }
        return Ok(Login::Token(Arc::new(token)));
    }
    if let Some(path) = variables.path("VAULT_TOKEN_FILE") {
        return Ok(Login::TokenFile { path, variable: "VAULT_TOKEN_FILE" });
    }
    let left_by_login = variables.path("HOME").map(|home| home.join(".vault-token")).filter(|path| path.is_file());
    match left_by_login {
        Some(path) => Ok(Login::TokenFile { path, variable: "~/.vault-token" }),
        None => Err(variables.missing("VAULT_TOKEN", "VAULT_ADDR is set").help(
            "set VAULT_TOKEN or VAULT_TOKEN_FILE, or log in by PYPE_VAULT_AUTH=approle or PYPE_VAULT_AUTH=kubernetes",
        )),
    }
}
