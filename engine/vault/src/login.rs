//! The ways to come by a token.

use crate::answer::Reply;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::question::Question;
use crate::trust::read;
use crate::wire::Wire;
use pypeline_engine::secrets::net;
use pypeline_schema::secret::Secret;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;
use vaultrs::api::auth::kubernetes::requests::LoginWithKubernetesRequest;

/// How to log in. Files are read at each login: others write them anew (a Vault agent, Kubernetes, whoever rotates secret ids).
pub(crate) enum Login {
    /// A token that was handed over.
    Token(Arc<Secret>),
    /// A token in a file that a variable names.
    TokenFile { path: PathBuf, variable: &'static str },
    /// `auth/<mount>/login` of the AppRole method.
    AppRole { mount: String, role_id: Secret, secret_id: SecretId },
    /// `auth/<mount>/login` of the Kubernetes method.
    Kubernetes { mount: String, role: String, jwt_file: PathBuf },
}

/// Whether a text may be a token, which stands in a header.
pub(crate) fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The password of an AppRole.
pub(crate) enum SecretId {
    Text(Secret),
    File(PathBuf),
}

/// A token and what was said about its time.
pub(crate) struct Granted {
    pub token: Arc<Secret>,
    /// Of the lease, and whether it can be renewed; none if the server has not been asked.
    pub lease: Option<(Duration, bool)>,
}

impl Login {
    /// What names the token or the way to it.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Token(_) => "VAULT_TOKEN",
            Self::TokenFile { variable, .. } => variable,
            Self::AppRole { .. } | Self::Kubernetes { .. } => "PYPE_VAULT_AUTH",
        }
    }

    /// It makes a new token each time.
    pub fn makes_tokens(&self) -> bool {
        matches!(self, Self::AppRole { .. } | Self::Kubernetes { .. })
    }

    /// Another token may be had when one is refused.
    pub fn can_be_repeated(&self) -> bool {
        !matches!(self, Self::Token(_))
    }

    /// Tells the net what must not be written anywhere. What lies in files is told when they are read.
    pub fn announce(&self) {
        match self {
            Self::Token(token) => net::add([&**token]),
            Self::AppRole { secret_id: SecretId::Text(text), .. } => net::add([text]),
            Self::AppRole { .. } | Self::TokenFile { .. } | Self::Kubernetes { .. } => true,
        };
    }

    /// Comes by a token.
    pub async fn log_in(&self, wire: &Wire, until: Deadline) -> Result<Granted, Failure> {
        match self {
            Self::Token(token) => Ok(Granted { token: Arc::clone(token), lease: None }),
            Self::TokenFile { path, variable } => {
                let token = secret_in(variable, path)?;
                if !is_token(token.expose()) {
                    let message = format!("{variable}: {} holds no token, which is one word", path.display());
                    return Err(Failure::setup(message).help("only the token may be in it"));
                }
                Ok(Granted { token: Arc::new(token), lease: None })
            }
            Self::AppRole { mount, role_id, secret_id } => {
                let role_id = role_id.expose().to_owned();
                let secret_id = match secret_id {
                    SecretId::Text(text) => text.expose().to_owned(),
                    SecretId::File(file) => secret_in("PYPE_VAULT_SECRET_ID_FILE", file)?.expose().to_owned(),
                };
                let question = Question::of(&LoginWithApproleRequest { mount: mount.clone(), role_id, secret_id })?;
                let reply = wire.ask(&question, None, until).await?;
                granted(
                    &reply,
                    mount,
                    "are PYPE_VAULT_ROLE_ID and the secret id right, and is the secret id still valid?",
                )
            }
            Self::Kubernetes { mount, role, jwt_file } => {
                let jwt = secret_in("PYPE_VAULT_JWT_FILE", jwt_file)?.expose().to_owned();
                let (mount, role) = (mount.clone(), role.clone());
                let help = format!("is this service account bound to the role `{role}` (PYPE_VAULT_ROLE)?");
                let question = Question::of(&LoginWithKubernetesRequest { mount: mount.clone(), role, jwt })?;
                granted(&wire.ask(&question, None, until).await?, &mount, &help)
            }
        }
    }
}

fn secret_in(variable: &str, file: &Path) -> Result<Secret, Failure> {
    // Taken over as it is, so that it is wiped.
    let text = String::from_utf8(read(variable, file)?).map(Secret::new);
    let text = text.map_err(|_| Failure::setup(format!("{variable}: {} holds no text", file.display())))?;
    let secret = Secret::new(text.expose().trim());
    if secret.expose().is_empty() {
        return Err(Failure::setup(format!("{variable}: {} is empty", file.display())).help("has it been written yet?"));
    }
    net::add([&secret]);
    Ok(secret)
}

fn granted(reply: &Reply, mount: &str, help: &str) -> Result<Granted, Failure> {
    if reply.status == 404 {
        return Err(Failure::setup(format!("{}: there is no login at auth/{mount}", reply.told()))
            .help("PYPE_VAULT_AUTH_MOUNT says where the login method is mounted, VAULT_NAMESPACE in which namespace"));
    }
    if reply.status >= 400 {
        return Err(Failure::denied(format!("{}: the login at auth/{mount} was refused", reply.told())).help(help));
    }
    let (token, lease) = authorised(reply)?;
    Ok(Granted { token: Arc::new(token), lease: Some(lease) })
}

/// What is needed of the answer to a login. vaultrs' own type wants fields that some servers leave out or null.
#[derive(Deserialize)]
struct Answer {
    auth: Option<Authorised>,
}

#[derive(Deserialize)]
struct Authorised {
    client_token: String,
    lease_duration: u64,
    renewable: bool,
}

/// The token of a login or a renewal, with its lease and whether that can be renewed. It is known to the net from here on.
pub(crate) fn authorised(reply: &Reply) -> Result<(Secret, (Duration, bool)), Failure> {
    let answer: Answer = reply.json()?;
    let Authorised { client_token, lease_duration, renewable } =
        answer.auth.ok_or_else(|| reply.malformed("JSON without a token"))?;
    let token = Secret::new(client_token);
    if token.expose().is_empty() {
        return Err(reply.malformed("an empty token"));
    }
    net::add([&token]);
    Ok((token, (Duration::from_secs(lease_duration), renewable)))
}
