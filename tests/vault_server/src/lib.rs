//! A Vault server in the test's own process: the paths, JSON shapes and status codes of the real one, and its failures.
//!
//! Time is logical: a token ends when the test says so. Everything else may be asked from several threads at once.
//!
//! ```
//! use vault_server::{Grant, Kv, VaultServer};
//!
//! let server = VaultServer::start().unwrap();
//! server.root.mount("secret", Kv::Two);
//! server.root.put("secret/team/db", serde_json::json!({"password": "hunter2"}));
//! server.root.policy("reader", &["secret/data/team/*"]);
//! server.root.token("hvs.reader", Grant::of(&["reader"]).ttl(3600));
//! assert!(server.address().starts_with("http://127.0.0.1:"));
//! ```

#![allow(clippy::disallowed_methods)] // Certificates of a test.

mod answers;
mod auth;
mod authority;
mod engines;
mod faults;
mod gate;
mod handler;
mod namespace;
mod state;
mod tokens;

pub use faults::Fault;
pub use namespace::{Kv, Namespace};
pub use state::Seen;
pub use tokens::Grant;

use authority::Authority;
use state::{Shared, State};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A server on 127.0.0.1 with a port of its own. It stops when it is dropped.
pub struct VaultServer {
    /// What has no namespace: its mounts, logins, policies and tokens.
    pub root: Namespace,
    state: Shared,
    address: SocketAddr,
    authority: Option<Authority>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl VaultServer {
    /// Starts a server that speaks HTTP.
    ///
    /// # Errors
    /// If there is no port or thread to be had.
    pub fn start() -> io::Result<Self> {
        Self::start_with(None, false)
    }

    /// Starts a server that speaks HTTPS, with a certificate for `localhost` and `127.0.0.1` from an authority of its own.
    ///
    /// # Errors
    /// As [`start`](Self::start), or if no certificate can be made.
    pub fn start_tls() -> io::Result<Self> {
        Self::start_with(Some(Authority::new()?), false)
    }

    /// The same, and clients need a certificate of that authority.
    ///
    /// # Errors
    /// As [`start_tls`](Self::start_tls).
    pub fn start_mutual_tls() -> io::Result<Self> {
        Self::start_with(Some(Authority::new()?), true)
    }

    fn start_with(authority: Option<Authority>, is_mutual: bool) -> io::Result<Self> {
        let tls = authority.as_ref().map(|authority| authority.acceptor(is_mutual)).transpose()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = State::shared();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let served = std::sync::Arc::clone(&state);
        let thread = std::thread::Builder::new().name("vault-server".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = gate::serve(listener, tls, served) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        })?;
        let root = Namespace::new(std::sync::Arc::clone(&state), "");
        Ok(Self { root, state, address, authority, stop: Some(stop), thread: Some(thread) })
    }

    /// For `VAULT_ADDR`.
    pub fn address(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate of the authority, for `VAULT_CACERT`; empty without TLS.
    pub fn ca_pem(&self) -> String {
        self.authority.as_ref().map(|authority| authority.pem.clone()).unwrap_or_default()
    }

    /// Writes [`ca_pem`](Self::ca_pem) to a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_ca(&self, file: &Path) -> io::Result<()> {
        std::fs::write(file, self.ca_pem())
    }

    /// Writes a client's certificate and its key, for `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY`.
    ///
    /// # Errors
    /// If they cannot be written, or there is no authority.
    pub fn write_client(&self, certificate: &Path, key: &Path) -> io::Result<()> {
        let authority = self.authority.as_ref().ok_or_else(|| io::Error::other("the server has no TLS"))?;
        let (certificate_pem, key_pem) = authority.client()?;
        std::fs::write(certificate, certificate_pem)?;
        std::fs::write(key, key_pem)
    }

    /// Makes a namespace, or finds it: `team-a`, `team-a/sub`.
    pub fn namespace(&self, name: &str) -> Namespace {
        Namespace::new(std::sync::Arc::clone(&self.state), name)
    }

    /// Fails every request to `path` (as in `/v1/secret/data/db`; one with `*` at its end is a prefix), until
    /// [`recover`](Self::recover). What was asked for last is looked at first.
    pub fn fail(&self, path: &str, fault: Fault) {
        state::lock(&self.state).faults.add(path, fault, None);
    }

    /// The same for the next `times` requests.
    pub fn fail_times(&self, path: &str, fault: Fault, times: usize) {
        state::lock(&self.state).faults.add(path, fault, Some(times));
    }

    /// Ends all failures.
    pub fn recover(&self) {
        state::lock(&self.state).faults.clear();
    }

    /// Seals or unseals it: while it is sealed, only `sys/health` and `sys/seal-status` answer anything else.
    pub fn seal(&self, is_sealed: bool) {
        state::lock(&self.state).is_sealed = is_sealed;
    }

    /// Ends every token that was granted so far, as if its time were over. Tokens without a TTL stay.
    pub fn expire_tokens(&self) {
        state::lock(&self.state).tokens.expire();
    }

    /// Ends one token, whatever its TTL.
    pub fn revoke(&self, token: &str) {
        state::lock(&self.state).tokens.revoke(token);
    }

    /// All requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Seen> {
        state::lock(&self.state).seen.clone()
    }

    /// How many requests there were to a path; one with `*` at its end is a prefix.
    pub fn count(&self, path: &str) -> usize {
        self.requests().iter().filter(|seen| state::fits(path, &seen.path)).count()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        state::lock(&self.state).seen.clear();
    }
}

impl Drop for VaultServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    /// Asks as plainly as can be.
    fn ask(address: &str, request: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(address.trim_start_matches("http://"))?;
        write!(stream, "{request}\r\nHost: vault\r\nX-Vault-Request: true\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn it_answers_as_a_vault_and_stops_when_it_is_dropped() {
        let server = VaultServer::start().unwrap();
        server.root.mount("secret", Kv::Two);
        server.root.put("secret/a b", serde_json::json!({"k": "v"}));
        server.root.token("t", Grant::root().uses(1));
        let address = server.address();
        let read = "GET /v1/secret/data/a%20b HTTP/1.1\r\nX-Vault-Token: t";
        let answer = ask(&address, read).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"data\":{\"k\":\"v\"}"), "{answer}");
        assert!(ask(&address, read).unwrap().starts_with("HTTP/1.1 403"));
        server.seal(true);
        assert!(ask(&address, read).unwrap().contains("{\"errors\":[\"Vault is sealed\"]}"));
        assert!(ask(&address, "GET /v1/sys/health HTTP/1.1").unwrap().starts_with("HTTP/1.1 503"));
        assert_eq!((server.count("/v1/secret/data/a b"), server.count("/v1/*")), (3, 4));
        drop(server);
        assert!(ask(&address, read).is_err());
    }

    #[test]
    fn connections_fail_as_they_are_asked_to() {
        let server = VaultServer::start().unwrap();
        let ask = || ask(&server.address(), "GET /v1/x HTTP/1.1");
        server.fail_times("/v1/*", Fault::Reset, 1);
        assert_eq!(ask().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        server.fail_times("/v1/*", Fault::Truncated, 1);
        assert_eq!(ask().unwrap().len(), 2000);
        server.fail_times("/v1/*", Fault::Busy(7), 1);
        assert!(ask().unwrap().contains("retry-after: 7"));
        server.fail_times("/v1/*", Fault::Redirect("http://other".to_owned()), 1);
        assert!(ask().unwrap().contains("location: http://other/v1/x"));
        assert!(ask().unwrap().starts_with("HTTP/1.1 403"));
    }
}
