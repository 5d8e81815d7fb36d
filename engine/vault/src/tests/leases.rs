//! Tokens are renewed in time, by a clock that the test moves on.

use super::support::{Environment, PASSWORD, PATH, SECRET_ID, password, refused, server};
use crate::VaultClient;
use pypeline_engine::secrets::Reason;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use vault_server::{Fault, Grant, VaultServer};

const LOGIN: &str = "/v1/auth/approle/login";
const RENEWAL: &str = "/v1/auth/token/renew-self";
const LOOKUP: &str = "/v1/auth/token/lookup-self";
const HANDED_OVER: &str = "hvs.CAESIHandedOverAndRenewable";

struct Moved {
    server: VaultServer,
    client: VaultClient,
    seconds: Arc<AtomicU64>,
}

impl Moved {
    fn new(server: VaultServer, environment: Environment) -> Self {
        let seconds = Arc::new(AtomicU64::new(0));
        let (start, passed) = (Instant::now(), Arc::clone(&seconds));
        let clock = move || start + Duration::from_secs(passed.load(Ordering::SeqCst));
        let client = VaultClient::with_clock(environment.ready(), clock);
        Self { server, client, seconds }
    }

    fn by_app_role(grant: Grant) -> Self {
        let server = server();
        server.root.app_role("role", SECRET_ID, grant);
        let environment = Environment::of(&server)
            .set("PYPE_VAULT_AUTH", "approle")
            .set("PYPE_VAULT_ROLE_ID", "role")
            .set("PYPE_VAULT_SECRET_ID", SECRET_ID);
        Self::new(server, environment)
    }

    fn by_token(grant: Grant) -> Self {
        let server = server();
        server.root.token(HANDED_OVER, grant);
        let environment = Environment::of(&server).set("VAULT_TOKEN", HANDED_OVER);
        Self::new(server, environment)
    }

    /// Reads at this second: logins, renewals and questions about the token so far.
    async fn at(&self, second: u64) -> (usize, usize, usize) {
        self.seconds.store(second, Ordering::SeqCst);
        assert_eq!(password(&self.client).await, PASSWORD);
        (self.server.count(LOGIN), self.server.count(RENEWAL), self.server.count(LOOKUP))
    }
}

#[tokio::test]
async fn a_token_is_renewed_when_two_thirds_have_passed() {
    let moved = Moved::by_app_role(Grant::of(&["reader"]).ttl(900).renewable());
    assert_eq!(moved.at(0).await, (1, 0, 0));
    assert_eq!(moved.at(599).await, (1, 0, 0));
    assert_eq!(moved.at(600).await, (1, 1, 0));
    assert_eq!(moved.at(1199).await, (1, 1, 0));
    assert_eq!(moved.at(1200).await, (1, 2, 0));
    // Nobody read for eight hours.
    assert_eq!(moved.at(30_000).await, (2, 2, 0));
}

#[tokio::test]
async fn one_that_cannot_be_renewed_is_replaced_when_it_is_over() {
    let moved = Moved::by_app_role(Grant::of(&["reader"]).ttl(900));
    assert_eq!(moved.at(0).await, (1, 0, 0));
    assert_eq!(moved.at(899).await, (1, 0, 0));
    assert_eq!(moved.at(900).await, (2, 0, 0));
}

#[tokio::test]
async fn a_renewal_that_is_refused_is_a_login() {
    let moved = Moved::by_app_role(Grant::of(&["reader"]).without_default().ttl(900).renewable());
    assert_eq!(moved.at(0).await, (1, 0, 0));
    assert_eq!(moved.at(700).await, (2, 1, 0));
}

#[tokio::test]
async fn a_renewal_that_fails_holds_up_no_read_and_is_tried_again() {
    let moved = Moved::by_app_role(Grant::of(&["reader"]).ttl(900).renewable());
    moved.server.fail_times(RENEWAL, Fault::Status(500, None), 1);
    assert_eq!(moved.at(0).await, (1, 0, 0));
    assert_eq!(moved.at(700).await, (1, 1, 0));
    assert_eq!(moved.at(710).await, (1, 1, 0));
    assert_eq!(moved.at(740).await, (1, 2, 0));
}

#[tokio::test]
async fn a_token_that_was_handed_over_is_renewed_once_it_is_known() {
    let moved = Moved::by_token(Grant::of(&["reader"]).ttl(900).renewable());
    assert_eq!(moved.at(0).await, (0, 0, 0));
    assert_eq!(moved.at(29).await, (0, 0, 0));
    assert_eq!(moved.at(30).await, (0, 0, 1));
    assert_eq!(moved.at(629).await, (0, 0, 1));
    assert_eq!(moved.at(630).await, (0, 1, 1));
    moved.server.expire_tokens();
    let error = refused(&moved.client, PATH, Reason::Denied).await;
    assert!(error.message.contains("not valid any more"), "{error}");
}

#[tokio::test]
async fn one_that_may_not_ask_about_itself_is_used_as_it_is() {
    let moved = Moved::by_token(Grant::of(&["reader"]).without_default().ttl(900));
    assert_eq!(moved.at(0).await, (0, 0, 0));
    assert_eq!(moved.at(40).await, (0, 0, 1));
    assert_eq!(moved.at(30_000).await, (0, 0, 1));
}

#[tokio::test]
async fn one_without_an_end_is_asked_about_once() {
    let moved = Moved::by_token(Grant::root());
    assert_eq!(moved.at(0).await, (0, 0, 0));
    assert_eq!(moved.at(100).await, (0, 0, 1));
    assert_eq!(moved.at(1_000_000).await, (0, 0, 1));
}

#[tokio::test]
async fn between_reads_a_token_is_kept_alive() {
    let server = server();
    server.root.app_role("role", SECRET_ID, Grant::of(&["reader"]).ttl(6).renewable());
    let client = Environment::of(&server)
        .set("PYPE_VAULT_AUTH", "approle")
        .set("PYPE_VAULT_ROLE_ID", "role")
        .set("PYPE_VAULT_SECRET_ID", SECRET_ID)
        .client();
    let client = Arc::new(client);
    let kept = Arc::clone(&client);
    let keeper = tokio::spawn(async move { kept.keep_alive().await });
    assert_eq!(password(&client).await, PASSWORD);
    let begun = Instant::now();
    while server.count(RENEWAL) == 0 && begun.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    keeper.abort();
    assert_eq!((server.count(LOGIN), server.count(RENEWAL)), (1, 1));
}
