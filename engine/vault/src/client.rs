//! The client: a read from the first login to the last attempt, within one deadline.

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::kv;
use crate::lease::Clock;
use crate::mounts::Mounts;
use crate::session::{Sessions, Ticket};
use crate::settings::Settings;
use crate::trust::Trust;
use crate::wire::Wire;
use pypeline_engine::secrets::{Answer, Found, Vault};
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A Vault server and one login to it, shared by all who read. Nothing is read from files and nothing is sent before the
/// first [`read`](Vault::read), which wants a tokio runtime with time and I/O.
pub struct VaultClient {
    address: Url,
    namespace: Option<HeaderValue>,
    trust: Trust,
    timeout: Duration,
    deadline: Duration,
    wire: OnceLock<Result<Wire, Failure>>,
    sessions: Sessions,
    mounts: Mounts,
}

impl VaultClient {
    /// A client that has done nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self::with_clock(settings, Instant::now)
    }

    /// A client that asks `clock` how much of a lease has passed. Timeouts and deadlines keep to the real time.
    pub fn with_clock(settings: Settings, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        let Settings { address, namespace, trust, login, timeout, deadline } = settings;
        login.announce();
        let clock: Box<Clock> = Box::new(clock);
        let (sessions, mounts) = (Sessions::new(login, clock), Mounts::default());
        Self { address, namespace, trust, timeout, deadline, wire: OnceLock::new(), sessions, mounts }
    }

    /// The server's address, as it stands in messages.
    pub fn address(&self) -> &str {
        self.address.as_str().trim_end_matches('/')
    }

    /// Renews the token in time, for as long as this is awaited: for runs with hours between two reads, where the token would
    /// end before it is used again. Does nothing before the first read. To be spawned beside the run, and dropped with it.
    pub async fn keep_alive(&self) {
        if let Ok(wire) = self.wire() {
            self.sessions.keep_alive(wire, self.deadline).await;
        }
    }

    fn wire(&self) -> Result<&Wire, Failure> {
        let made = self.wire.get_or_init(|| {
            let client = self.trust.client(&self.address)?;
            Ok(Wire::new(client, self.address.clone(), self.namespace.clone(), self.timeout))
        });
        made.as_ref().map_err(Failure::clone)
    }

    async fn found(&self, path: &str) -> Result<Found, Failure> {
        let until = Deadline::after(self.deadline);
        check(path)?;
        let wire = self.wire()?;
        let Some(ticket) = self.sessions.ticket(wire, until, None).await? else {
            return Err(Failure::denied("there is no token"));
        };
        let refusal = match kv::read(path, &self.mounts, wire, &ticket.token, until).await {
            Err(failure) if failure.status == Some(403) => failure,
            done => return done,
        };
        if ticket.is_new || !self.sessions.login().can_be_repeated() {
            return Err(self.explained(refusal, &ticket, wire, until).await);
        }
        let again = match self.sessions.ticket(wire, until, Some(ticket.number)).await {
            Ok(Some(again)) => again,
            Ok(None) => return Err(self.explained(refusal, &ticket, wire, until).await),
            Err(failure) => {
                let message = format!("{}; a new login failed: {}", refusal.message, failure.message);
                return Err(Failure { message, ..failure });
            }
        };
        match kv::read(path, &self.mounts, wire, &again.token, until).await {
            Err(failure) if failure.status == Some(403) => Err(self.explained(failure, &again, wire, until).await),
            done => done,
        }
    }

    /// Whether it is the token that is not valid, or its rights that do not go so far.
    async fn explained(&self, refusal: Failure, ticket: &Ticket, wire: &Wire, until: Deadline) -> Failure {
        // One that was made a moment ago is valid.
        if self.sessions.login().makes_tokens() {
            return refusal;
        }
        match self.sessions.look_up(&ticket.token, wire, until).await {
            Ok(Some(_)) => {
                let message = format!("{}: the token is valid, but has no right to this path", refusal.message);
                Failure { message, ..refusal }
            }
            Ok(None) => {
                let message = format!("{}: the token is not valid any more, or has no rights at all", refusal.message);
                let source = self.sessions.login().source();
                Failure { message, ..refusal }
                    .help(format!("{source} needs another token; PYPE_VAULT_AUTH has logins that can be repeated"))
            }
            // Nothing more is known than that it was refused.
            Err(_) => refusal,
        }
    }
}

/// A path of which each part is one, as in a reference; another could lead out of the mount.
fn check(path: &str) -> Result<(), Failure> {
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control);
    if path.contains('/') && path.split('/').all(is_part) {
        return Ok(());
    }
    Err(Failure::setup("this is no path of a mount and what lies in it")
        .help("write it as `vault://secret/db#password`"))
}

impl Vault for VaultClient {
    fn read<'a>(&'a self, path: &'a str) -> Answer<'a> {
        Box::pin(async move { self.found(path).await.map_err(|failure| failure.at(path)) })
    }
}
