//! One login for all reads: who has a token hands it out, renews it in time, and comes by another when it is refused.

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::lease::{Clock, Lease};
use crate::login::{Granted, Login, authorised};
use crate::question::Question;
use crate::wire::Wire;
use pypeline_engine::secrets::Reason;
use pypeline_schema::secret::Secret;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Notify};
use vaultrs::api::EndpointResult;
use vaultrs::api::token::requests::{LookupTokenSelfRequest, RenewTokenSelfRequest};
use vaultrs::api::token::responses::LookupTokenResponse;

/// A token that was handed over is asked for its lease when it has been in use for this long: most runs read all their
/// secrets at once, and the question may cost one of the token's uses.
const SETTLED: Duration = Duration::from_secs(30);

/// The time until a renewal is tried again, and the longest time between two looks at the lease by [`Sessions::keep_alive`].
const PATIENCE: Duration = Duration::from_secs(30);
const SHORTEST_LOOK: Duration = Duration::from_millis(500);

/// A token for one read.
pub(crate) struct Ticket {
    pub token: Arc<Secret>,
    /// Which of the logins it is from.
    pub number: u64,
    /// The login was made for this very read.
    pub is_new: bool,
}

struct Session {
    token: Arc<Secret>,
    number: u64,
    began: Instant,
    /// None until the server has been asked.
    lease: Option<Lease>,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    logins: u64,
    /// What the last login failed with.
    failure: Option<Failure>,
}

/// The one session of a client.
pub(crate) struct Sessions {
    login: Login,
    clock: Box<Clock>,
    /// Held while logging in or renewing: the others wait for the outcome.
    state: Mutex<State>,
    failures: AtomicU64,
    /// Told at each login, for the one who keeps it alive.
    began: Notify,
}

impl Sessions {
    pub fn new(login: Login, clock: Box<Clock>) -> Self {
        Self { login, clock, state: Mutex::default(), failures: AtomicU64::new(0), began: Notify::new() }
    }

    pub fn login(&self) -> &Login {
        &self.login
    }

    /// A token to use now. `refused` is the number of a ticket that the server did not take; none comes back if there is no
    /// other token than that.
    pub async fn ticket(&self, wire: &Wire, until: Deadline, refused: Option<u64>) -> Result<Option<Ticket>, Failure> {
        let failures = self.failures.load(Ordering::Acquire);
        let mut state = until.wait("the login of another read", self.state.lock()).await?;
        if let Some(session) = state.session.as_mut().filter(|session| Some(session.number) != refused)
            && self.refresh(session, wire, until).await
        {
            let ticket = Ticket { token: Arc::clone(&session.token), number: session.number, is_new: false };
            return Ok(Some(ticket));
        }
        // A login that failed while this one waited has failed for all who waited.
        if self.failures.load(Ordering::Acquire) != failures
            && let Some(failure) = &state.failure
        {
            return Err(failure.clone());
        }
        let granted = match self.login.log_in(wire, until).await {
            Ok(granted) => granted,
            Err(failure) => {
                self.failures.fetch_add(1, Ordering::AcqRel);
                state.failure = Some(failure.clone());
                return Err(failure);
            }
        };
        let is_the_same = |session: &Session| Some(session.number) == refused && *session.token == *granted.token;
        if state.session.as_ref().is_some_and(is_the_same) {
            return Ok(None);
        }
        state.logins += 1;
        let session = self.begun(granted, state.logins);
        let ticket = Ticket { token: Arc::clone(&session.token), number: session.number, is_new: true };
        state.session = Some(session);
        self.began.notify_one();
        Ok(Some(ticket))
    }

    fn begun(&self, granted: Granted, number: u64) -> Session {
        let now = (self.clock)();
        let lease = granted.lease.map(|(whole, is_renewable)| Lease::new(now, whole, whole, is_renewable));
        Session { token: granted.token, number, began: now, lease }
    }

    /// Sees to the lease. False if the token is not to be used any more and another can be made.
    async fn refresh(&self, session: &mut Session, wire: &Wire, until: Deadline) -> bool {
        let now = (self.clock)();
        if session.lease.is_none() && now.saturating_duration_since(session.began) >= SETTLED {
            let known = self.look_up(&session.token, wire, until).await;
            session.lease = Some(known.ok().flatten().unwrap_or(Lease::ENDLESS));
        }
        let Some(lease) = &mut session.lease else { return true };
        if lease.is_over(now) && self.login.makes_tokens() {
            return false;
        }
        if !lease.is_due(now) {
            return true;
        }
        match renew(&session.token, wire, until).await {
            Ok((whole, is_renewable)) => {
                *lease = Lease::new((self.clock)(), whole, whole, is_renewable);
                true
            }
            // It may be had another time; until then the token is as good as before.
            Err(failure) if failure.is_transient() => {
                tracing::warn!("the token cannot be renewed now: {}", failure.message);
                lease.postpone(now, PATIENCE);
                true
            }
            Err(failure) => {
                tracing::debug!("the token cannot be renewed: {}", failure.message);
                lease.keep();
                !self.login.makes_tokens()
            }
        }
    }

    /// What the server knows of a token: none if it does not know the token, or does not let it ask.
    pub async fn look_up(&self, token: &Secret, wire: &Wire, until: Deadline) -> Result<Option<Lease>, Failure> {
        let reply = wire.ask_once(&Question::of(&LookupTokenSelfRequest {})?, Some(token), until).await?;
        if reply.status >= 400 {
            return Ok(None);
        }
        let answer: EndpointResult<LookupTokenResponse> = reply.json()?;
        let known = answer.data.ok_or_else(|| reply.malformed("JSON without data"))?;
        let (whole, left) = (Duration::from_secs(known.creation_ttl), Duration::from_secs(known.ttl));
        Ok(Some(Lease::new((self.clock)(), whole.max(left), left, known.renewable == Some(true))))
    }

    /// Renews the token in time, for as long as this is awaited; before the first login there is nothing to do.
    pub async fn keep_alive(&self, wire: &Wire, longest: Duration) {
        let mut pause = PATIENCE;
        loop {
            // A login, or the time: it does not matter which.
            let _ = tokio::time::timeout(pause, self.began.notified()).await;
            let mut state = self.state.lock().await;
            pause = PATIENCE;
            if let Some(session) = &mut state.session {
                // Without a usable token the next read logs in, if there is one.
                self.refresh(session, wire, Deadline::after(longest)).await;
                let due = session.lease.as_ref().and_then(|lease| lease.until_due((self.clock)()));
                pause = due.unwrap_or(PATIENCE).clamp(SHORTEST_LOOK, PATIENCE);
            }
        }
    }
}

/// One attempt: the token is still good, and the read comes first.
async fn renew(token: &Secret, wire: &Wire, until: Deadline) -> Result<(Duration, bool), Failure> {
    let reply = wire.ask_once(&Question::of(&RenewTokenSelfRequest { increment: None })?, Some(token), until).await?;
    if reply.status >= 400 {
        return Err(Failure::new(Reason::Denied, reply.told()).status(reply.status));
    }
    Ok(authorised(&reply)?.1)
}
