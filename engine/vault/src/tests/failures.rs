//! Every way in which a server fails: its reason, what is said, and when it ends.

use super::support::{Environment, PASSWORD, PATH, TOKEN, password, refused, refused_in_time, server};
use pypeline_engine::secrets::Reason;
use std::net::TcpListener;
use std::time::Duration;
use vault_server::Fault;

const DATA: &str = "/v1/secret/data/team/db";

#[tokio::test]
async fn what_may_pass_is_tried_until_the_deadline() {
    let busy = Fault::Status(500, Some("internal error: hush, hush".to_owned()));
    for (fault, words) in [
        (busy, "answered 500 (internal error)"),
        (Fault::Status(504, None), "answered 504"),
        (Fault::BadGateway, "answered 502"),
        (Fault::Sealed, "is sealed"),
        (Fault::Busy(0), "too many requests"),
        (Fault::Reset, "broke off before it answered"),
        (Fault::Truncated, "broke off in its answer"),
    ] {
        let server = server();
        server.fail(DATA, fault.clone());
        let error = refused_in_time(Environment::with_token(&server), Reason::Unavailable).await;
        assert!(error.message.contains(words) && error.message.contains("gave up after"), "{error}");
        assert!(error.message.contains(&server.address()) && error.help.is_some() && error.is_transient(), "{error:?}");
        assert!(server.count(DATA) > 1, "{fault:?}");
    }
}

#[tokio::test]
async fn what_does_not_answer_is_given_up() {
    for fault in [Fault::Hang, Fault::Drip(Duration::from_millis(50))] {
        let server = server();
        server.fail(DATA, fault);
        let environment = Environment::with_token(&server).set("VAULT_CLIENT_TIMEOUT", "400ms");
        let error = refused_in_time(environment, Reason::Unavailable).await;
        assert!(error.message.contains("gave no answer within 0.4 s"), "{error}");
        assert!(server.count(DATA) > 1);
        // The deadline holds where the timeout of a request is longer.
        refused_in_time(Environment::with_token(&server).set("VAULT_CLIENT_TIMEOUT", "60"), Reason::Unavailable).await;
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    let html = Fault::BadGateway;
    for fault in [html, Fault::Sealed, Fault::Busy(0), Fault::Reset, Fault::Truncated, Fault::Status(500, None)] {
        let server = server();
        server.fail_times(DATA, fault.clone(), 2);
        server.fail_times("/v1/sys/internal/ui/mounts/*", fault, 1);
        assert_eq!(password(&Environment::with_token(&server).client()).await, PASSWORD);
        assert_eq!((server.count(DATA), server.requests().len()), (3, 5));
    }
}

#[tokio::test]
async fn what_does_not_pass_is_asked_once() {
    let refused = Fault::Status(400, Some("no".to_owned()));
    for (fault, reason) in
        [(refused, Reason::Denied), (Fault::Denied, Reason::Denied), (Fault::NotFound, Reason::NotFound)]
    {
        let server = server();
        server.fail(DATA, fault);
        let error = refused_in_time(Environment::with_token(&server), reason).await;
        assert_eq!(server.count(DATA), 1);
        assert!(!error.message.contains("gave up") && error.message.contains("secret/data/team/db"), "{error}");
    }
}

#[tokio::test]
async fn a_wish_to_be_left_alone_is_heard_within_the_deadline() {
    let server = server();
    server.fail_times(DATA, Fault::Busy(1), 1);
    let begun = std::time::Instant::now();
    assert_eq!(password(&Environment::with_token(&server).client()).await, PASSWORD);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    server.fail(DATA, Fault::Busy(3600));
    server.forget_requests();
    let error = refused_in_time(Environment::with_token(&server), Reason::Unavailable).await;
    assert!(error.message.contains("left alone for 3600 s"), "{error}");
    assert_eq!(server.count(DATA), 1);
}

#[tokio::test]
async fn what_no_vault_says_is_malformed() {
    let body = |text: &str| Fault::Body(text.to_owned());
    let envelope = |data: &str| {
        let head = "\"request_id\":\"r\",\"lease_id\":\"\",\"renewable\":false,\"lease_duration\":0,\"auth\":null";
        body(&format!("{{{head},\"data\":{data}}}"))
    };
    for (fault, words) in [
        (Fault::Html, "a page of HTML"),
        (body(""), "nothing"),
        (body("   "), "nothing"),
        (body("{\"data\": {\"password\": \"correct horse battery staple\""), "no JSON"),
        (body("[\"correct horse battery staple\"]"), "another shape"),
        (body("\"correct horse battery staple\""), "another shape"),
        (body("null"), "another shape"),
        (envelope("null"), "without data"),
        (envelope("{\"password\": \"correct horse battery staple\"}"), "another shape"),
        (envelope("{\"data\": \"correct horse battery staple\"}"), "another shape"),
        (Fault::Huge(2 << 20), "more than 1 MiB"),
        (Fault::Status(304, None), "304"),
        (Fault::Status(418, None), "418"),
    ] {
        let server = server();
        server.fail(DATA, fault.clone());
        let reason = if matches!(fault, Fault::Status(418, _)) { Reason::Denied } else { Reason::Malformed };
        let error = refused_in_time(Environment::with_token(&server), reason).await;
        assert!(error.message.contains(words) && error.message.contains(&server.address()), "{fault:?}: {error}");
        assert_eq!(server.count(DATA), 1);
    }
    let server = server();
    server.fail("/v1/sys/internal/ui/mounts/*", Fault::Html);
    refused_in_time(Environment::with_token(&server), Reason::Malformed).await;
    let elsewhere = envelope("{\"path\": \"other/\", \"type\": \"kv\", \"options\": {\"version\": \"2\"}}");
    server.fail("/v1/sys/internal/ui/mounts/*", elsewhere);
    refused_in_time(Environment::with_token(&server), Reason::Malformed).await;
}

#[tokio::test]
async fn what_the_server_repeats_is_not_told() {
    let server = server();
    server.fail(DATA, Fault::Echo);
    let error = refused(&Environment::with_token(&server).client(), PATH, Reason::Denied).await;
    assert!(error.message.contains("(permission denied)"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = server();
    let environment = Environment::with_token(&server).set("VAULT_ADDR", &format!("http://{free}"));
    let error = refused_in_time(environment.clone(), Reason::Unavailable).await;
    assert!(error.message.contains(&format!("http://{free} cannot be reached")), "{error}");
    let environment = environment.set("VAULT_ADDR", "http://no-such-host.invalid:8200");
    let error = refused_in_time(environment, Reason::Unavailable).await;
    assert!(error.message.contains("http://no-such-host.invalid:8200"), "{error}");
}

#[tokio::test]
async fn a_token_without_rights_is_told_from_one_that_is_over() {
    let server = server();
    let client = Environment::with_token(&server).client();
    let error = refused(&client, "secret/other/db", Reason::Denied).await;
    assert!(error.message.contains("the token is valid, but has no right to this path"), "{error}");
    let help = error.help.unwrap_or_default();
    assert!(help.contains("path \"secret/data/other/db\" { capabilities = [\"read\"] }"), "{help}");
    server.revoke(TOKEN);
    let error = refused(&client, PATH, Reason::Denied).await;
    assert!(error.message.contains("the token is not valid any more"), "{error}");
    assert!(error.help.is_some_and(|help| help.contains("VAULT_TOKEN")));
    assert_eq!(server.count("/v1/auth/token/lookup-self"), 2);
}
