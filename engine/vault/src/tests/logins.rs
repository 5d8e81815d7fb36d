//! The ways to a token: handed over, in a file, by AppRole, by Kubernetes; and again when one is refused.

use super::support::{Environment, JWT, PASSWORD, PATH, SECRET_ID, TOKEN, password, refused, refused_in_time, server};
use pypeline_engine::secrets::{Reason, Vault};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vault_server::{Fault, Grant, VaultServer};

const LOGIN: &str = "/v1/auth/approle/login";

fn by_app_role(server: &VaultServer) -> Environment {
    Environment::of(server)
        .set("PYPE_VAULT_AUTH", "approle")
        .set("PYPE_VAULT_ROLE_ID", "etl-role")
        .set("PYPE_VAULT_SECRET_ID", SECRET_ID)
}

fn with_role() -> VaultServer {
    let server = server();
    server.root.app_role("etl-role", SECRET_ID, Grant::of(&["reader"]).ttl(3600).renewable());
    server
}

#[tokio::test]
async fn an_app_role_logs_in_once() {
    let server = with_role();
    let client = by_app_role(&server).client();
    for _ in 0..3 {
        assert_eq!(password(&client).await, PASSWORD);
    }
    assert_eq!((server.count(LOGIN), server.requests().len()), (1, 5));
    let seen = server.requests();
    assert!(seen[0].token.is_none() && seen[1].token.as_ref().is_some_and(|token| token.starts_with("hvs.")));
    // Its token is known to the net.
    let token = seen[1].token.clone().unwrap();
    assert_eq!(pypeline_engine::secrets::net::mask(&token), "***");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_at_the_same_time_log_in_once() {
    let server = with_role();
    let client = Arc::new(by_app_role(&server).client());
    let read = || {
        let client = Arc::clone(&client);
        tokio::spawn(async move { password(&client).await })
    };
    for logins in [1, 2] {
        let reads: Vec<_> = (0..16).map(|_| read()).collect();
        for read in reads {
            assert_eq!(read.await.unwrap(), PASSWORD);
        }
        assert_eq!(server.count(LOGIN), logins);
        server.expire_tokens();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_is_refused_is_refused_to_all_who_waited_for_it() {
    let server = with_role();
    let client = Arc::new(by_app_role(&server).set("PYPE_VAULT_SECRET_ID", "another-secret-id").client());
    server.fail_times(LOGIN, Fault::Busy(1), 1);
    let reads: Vec<_> = (0..8)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { refused(&client, PATH, Reason::Denied).await })
        })
        .collect();
    for read in reads {
        let error = read.await.unwrap();
        assert!(error.message.contains("the login at auth/approle was refused"), "{error}");
        assert!(error.message.contains("invalid role or secret id"), "{error}");
    }
    // The first one waits a second, in which all the others come to wait for it; one that was late may have tried itself.
    assert!(server.count(LOGIN) < 8, "{}", server.count(LOGIN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_wait_for_a_login_keep_to_their_deadlines() {
    let server = with_role();
    server.fail(LOGIN, Fault::Hang);
    let client = Arc::new(by_app_role(&server).set("PYPE_VAULT_DEADLINE", "1").client());
    let begun = Instant::now();
    let reads: Vec<_> = (0..8)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { refused(&client, PATH, Reason::Unavailable).await })
        })
        .collect();
    for read in reads {
        read.await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_token_that_ended_before_a_mount_was_known_is_replaced() {
    let server = with_role();
    server.root.mount("other", vault_server::Kv::One);
    server.root.put("other/db", serde_json::json!({"a": "b"}));
    server.root.policy("reader", &["secret/data/team/*", "other/db"]);
    let client = by_app_role(&server).client();
    assert_eq!(password(&client).await, PASSWORD);
    server.expire_tokens();
    assert!(client.read("other/db").await.is_ok_and(|found| found.contains_key("a")));
    assert_eq!(server.count(LOGIN), 2);
}

#[tokio::test]
async fn a_token_that_has_ended_is_replaced() {
    let server = with_role();
    let client = by_app_role(&server).client();
    assert_eq!(password(&client).await, PASSWORD);
    server.expire_tokens();
    assert_eq!(password(&client).await, PASSWORD);
    assert_eq!(server.count(LOGIN), 2);
}

#[tokio::test]
async fn a_path_without_rights_is_not_asked_for_by_login_after_login() {
    let server = with_role();
    let client = by_app_role(&server).client();
    let error = refused(&client, "secret/other/db", Reason::Denied).await;
    assert!(error.message.contains("secret/data/other/db may not be read"), "{error}");
    // The token was new: another one would have no other rights.
    assert_eq!(server.count(LOGIN), 1);
    refused(&client, "secret/other/db", Reason::Denied).await;
    assert_eq!((server.count(LOGIN), server.count("/v1/secret/data/other/db")), (2, 3));
}

#[tokio::test]
async fn a_token_is_used_as_often_as_it_may() {
    let server = server();
    server.root.app_role("etl-role", SECRET_ID, Grant::of(&["reader"]).ttl(3600).uses(2));
    let client = by_app_role(&server).client();
    for _ in 0..5 {
        assert_eq!(password(&client).await, PASSWORD);
    }
    assert_eq!(server.count(LOGIN), 3);
    // One that was handed over is not spent on questions about itself.
    server.root.token("hvs.CAESIOnceAndNeverAgain", Grant::of(&["reader"]).ttl(3600).uses(1));
    let client = Environment::of(&server).set("VAULT_TOKEN", "hvs.CAESIOnceAndNeverAgain").client();
    assert_eq!(password(&client).await, PASSWORD);
    refused(&client, PATH, Reason::Denied).await;
}

#[tokio::test]
async fn a_secret_id_that_is_used_up_is_said() {
    let server = server();
    let grant = Grant::of(&["reader"]).ttl(3600);
    server.root.app_role_at("teams/a/roles", "etl-role", SECRET_ID, Some(1), grant);
    let client = by_app_role(&server).set("PYPE_VAULT_AUTH_MOUNT", "auth/teams/a/roles/").client();
    assert_eq!(password(&client).await, PASSWORD);
    server.expire_tokens();
    let error = refused(&client, PATH, Reason::Denied).await;
    assert!(error.message.contains("a new login failed") && error.message.contains("invalid role"), "{error}");
    assert!(error.help.is_some_and(|help| help.contains("secret id")));
    assert_eq!(server.count("/v1/auth/teams/a/roles/login"), 2);
}

#[tokio::test]
async fn a_mount_without_logins_is_a_wrong_setting() {
    let server = with_role();
    let client = by_app_role(&server).set("PYPE_VAULT_AUTH_MOUNT", "elsewhere").client();
    let error = refused(&client, PATH, Reason::Setup).await;
    assert!(error.message.contains("there is no login at auth/elsewhere"), "{error}");
}

#[tokio::test]
async fn logins_fail_as_reads_do() {
    let answer = |text: &str| Fault::Body(text.to_owned());
    for (fault, reason) in [
        (Fault::Sealed, Reason::Unavailable),
        (Fault::Hang, Reason::Unavailable),
        (Fault::Reset, Reason::Unavailable),
        (Fault::Html, Reason::Malformed),
        (Fault::Huge(2 << 20), Reason::Malformed),
        (answer("{}"), Reason::Malformed),
        (answer("{\"auth\": {\"client_token\": \"hvs.CAESIhalf\"}}"), Reason::Malformed),
        (Fault::Echo, Reason::Denied),
    ] {
        let server = with_role();
        server.fail(LOGIN, fault);
        refused_in_time(by_app_role(&server), reason).await;
        assert_eq!(server.count("/v1/secret/*"), 0);
    }
    let server = with_role();
    server.fail_times(LOGIN, Fault::Sealed, 2);
    assert_eq!(password(&by_app_role(&server).client()).await, PASSWORD);
}

#[tokio::test]
async fn a_service_account_logs_in_by_the_token_in_its_file() {
    let server = server();
    server.root.kubernetes_role("etl", JWT, Grant::of(&["reader"]).ttl(600));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let environment = Environment::of(&server)
        .set("PYPE_VAULT_AUTH", "kubernetes")
        .set("PYPE_VAULT_ROLE", "etl")
        .set("PYPE_VAULT_JWT_FILE", &file.to_string_lossy());
    let client = environment.client();
    let error = refused(&client, PATH, Reason::Setup).await;
    assert!(error.message.contains("PYPE_VAULT_JWT_FILE") && error.message.contains("cannot be read"), "{error}");
    fs::write(&file, "").unwrap();
    assert!(refused(&client, PATH, Reason::Setup).await.message.contains("is empty"));
    fs::write(&file, "eyJhbGciOiJSUzI1NiJ9.not.it").unwrap();
    let error = refused(&client, PATH, Reason::Denied).await;
    assert!(error.help.is_some_and(|help| help.contains("bound to the role `etl`")));
    // It is written anew from time to time, and read at each login.
    fs::write(&file, format!("{JWT}\n")).unwrap();
    assert_eq!(password(&client).await, PASSWORD);
    let error = refused(&environment.set("PYPE_VAULT_ROLE", "another").client(), PATH, Reason::Denied).await;
    assert!(error.message.contains("invalid role name"), "{error}");
}

#[tokio::test]
async fn a_token_in_a_file_is_read_again_when_it_is_refused() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sink");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let client = Environment::of(&server).set("VAULT_TOKEN_FILE", &file.to_string_lossy()).client();
    assert_eq!(password(&client).await, PASSWORD);
    server.revoke(TOKEN);
    let error = refused(&client, PATH, Reason::Denied).await;
    assert!(error.message.contains("not valid any more"), "{error}");
    assert!(error.help.is_some_and(|help| help.contains("VAULT_TOKEN_FILE")));
    // An agent keeps the file up to date.
    server.root.token("hvs.CAESITheNextOne", Grant::of(&["reader"]));
    fs::write(&file, "hvs.CAESITheNextOne").unwrap();
    assert_eq!(password(&client).await, PASSWORD);
    fs::write(&file, "two\nlines").unwrap();
    server.revoke("hvs.CAESITheNextOne");
    let error = refused(&client, PATH, Reason::Setup).await;
    assert!(error.message.contains("VAULT_TOKEN_FILE") && error.message.contains("holds no token"), "{error}");
}

#[tokio::test]
async fn the_token_that_vault_login_left_is_taken() {
    let server = server();
    let home = tempfile::tempdir().unwrap();
    let environment = Environment::of(&server).set("HOME", &home.path().to_string_lossy());
    assert!(environment.settings().is_err());
    fs::write(home.path().join(".vault-token"), TOKEN).unwrap();
    assert_eq!(password(&environment.client()).await, PASSWORD);
}

#[tokio::test]
async fn a_secret_id_may_lie_in_a_file() {
    let server = with_role();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret-id");
    fs::write(&file, format!("  {SECRET_ID}\n")).unwrap();
    let client = by_app_role(&server)
        .set("PYPE_VAULT_SECRET_ID", "")
        .set("PYPE_VAULT_SECRET_ID_FILE", &file.to_string_lossy())
        .client();
    assert!(client.read(PATH).await.is_ok());
}
