//! The way to one server and nowhere else: sends a question, follows it only within the server, reads the answer up to a limit.
//!
//! vaultrs knows the endpoints and the shapes of their answers; what it sends with (rustify) is not used here, because it
//! reads bodies of any size, drops the headers of errors (`Retry-After`), writes the server's own errors to the log, panics
//! at a token that cannot stand in a header, and puts the path of an address like `https://host/vault` behind the version.

use crate::answer::Reply;
use crate::connection;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::question::Question;
use pypeline_schema::secret::Secret;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use std::time::Duration;

/// Bytes of an answer. Vault itself takes secrets up to 1 MiB.
const LONGEST_BODY: usize = 1 << 20;

/// Times that a question is followed to another path.
const MOST_REDIRECTS: usize = 2;

/// Where questions go, and how.
pub(crate) struct Wire {
    client: Client,
    base: Url,
    namespace: Option<HeaderValue>,
    /// For one request, from its sending to the end of the answer.
    timeout: Duration,
}

impl Wire {
    /// `client` must follow no redirect by itself.
    pub fn new(client: Client, base: Url, namespace: Option<HeaderValue>, timeout: Duration) -> Self {
        Self { client, base, namespace, timeout }
    }

    /// The server's address, for messages.
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Asks until there is an answer that is about the question, or the time is up.
    pub async fn ask(&self, question: &Question, token: Option<&Secret>, until: Deadline) -> Result<Reply, Failure> {
        until.patiently(|| self.ask_once(question, token, until)).await
    }

    /// Asks once.
    pub async fn ask_once(
        &self,
        question: &Question,
        token: Option<&Secret>,
        until: Deadline,
    ) -> Result<Reply, Failure> {
        let time = self.timeout.min(until.left());
        let asked = tokio::time::timeout(time, self.exchange(question, token)).await;
        let late = |_| {
            let message = format!("{} gave no answer within {:.1} s", self.address(), time.as_secs_f64());
            let help = "can it be reached from here? VAULT_CLIENT_TIMEOUT says how long a request may take";
            Failure { is_cut: time < self.timeout, ..Failure::unavailable(message).help(help) }
        };
        asked.map_err(late)??.judged()
    }

    async fn exchange(&self, question: &Question, token: Option<&Secret>) -> Result<Reply, Failure> {
        let headers = self.headers(token)?;
        let mut url = question.url(&self.base);
        for _ in 0..=MOST_REDIRECTS {
            let mut request = self.client.request(question.method.clone(), url.clone()).headers(headers.clone());
            if let Some(body) = &question.body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            }
            let response = request.send().await.map_err(|error| connection::failure(self.address(), &error))?;
            match self.next(&url, &response)? {
                Some(next) => url = next,
                None => return self.reply(response).await,
            }
        }
        Err(Failure::malformed(format!("{} sends {} from one path to the next", self.address(), url.path())))
    }

    fn headers(&self, token: Option<&Secret>) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert("X-Vault-Request", HeaderValue::from_static("true"));
        if let Some(namespace) = &self.namespace {
            headers.insert("X-Vault-Namespace", namespace.clone());
        }
        if let Some(token) = token {
            let value = HeaderValue::from_str(token.expose());
            let mut value =
                value.map_err(|_| Failure::malformed("the token that the server gave cannot stand in a header"))?;
            value.set_sensitive(true);
            headers.insert("X-Vault-Token", value);
        }
        Ok(headers)
    }

    /// Where the server sends the question: only ever to another path of its own. Standby nodes may answer so, and one that
    /// is not Vault could collect tokens by it.
    fn next(&self, from: &Url, response: &Response) -> Result<Option<Url>, Failure> {
        let status = response.status().as_u16();
        if !matches!(status, 301 | 302 | 307 | 308) {
            return Ok(None);
        }
        let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let Some(target) = target.and_then(|target| from.join(target).ok()) else {
            return Err(Failure::malformed(format!("{} answered {status} without saying where to", self.address())));
        };
        if target.origin() == self.base.origin() {
            return Ok(Some(target));
        }
        let (path, other) = (from.path(), target.origin().ascii_serialization());
        let message = format!("{} sends {path} to another server, {other}; nothing was sent there", self.address());
        Err(Failure::malformed(message)
            .help(format!("if that is the active node of the same Vault, set VAULT_ADDR to {other}"))
            .status(status))
    }

    async fn reply(&self, mut response: Response) -> Result<Reply, Failure> {
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let expected = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        // Room at once, so that growing leaves no copies behind.
        let mut body = Vec::with_capacity(expected.min(LONGEST_BODY));
        while let Some(chunk) = response.chunk().await.map_err(|error| connection::failure(self.address(), &error))? {
            if body.len() + chunk.len() > LONGEST_BODY {
                let message = format!("{} answered {status} with more than 1 MiB, as no Vault does", self.address());
                return Err(Failure::malformed(message).status(status));
            }
            body.extend_from_slice(&chunk);
        }
        let address = self.address().to_owned();
        match String::from_utf8(body) {
            Ok(body) => Ok(Reply { address, status, wait: wait.map(Duration::from_secs), body: Secret::new(body) }),
            Err(_) => {
                let message = format!("{address} answered {status} with bytes that are no text, as no Vault does");
                Err(Failure::malformed(message).status(status))
            }
        }
    }
}
