//! A question is followed within its server and nowhere else.

use super::support::{Environment, PASSWORD, PATH, SECRET_ID, password, refused, server};
use pypeline_engine::secrets::Reason;
use serde_json::json;
use vault_server::{Fault, Grant};

const DATA: &str = "/v1/secret/data/team/db";

#[tokio::test]
async fn the_token_goes_to_no_other_server() {
    let (one, other) = (server(), server());
    for path in [DATA, "/v1/sys/internal/ui/mounts/*"] {
        one.recover();
        one.fail(path, Fault::Redirect(other.address()));
        let error = refused(&Environment::with_token(&one).client(), PATH, Reason::Malformed).await;
        assert!(error.message.contains(&format!("to another server, {}", other.address())), "{error}");
        assert!(error.message.contains(PATH) || error.message.contains(DATA), "{error}");
        assert!(error.help.is_some_and(|help| help.contains(&format!("VAULT_ADDR to {}", other.address()))));
    }
    // Another scheme or another name of the same host is another server.
    for address in [one.address().replace("http:", "https:"), one.address().replace("127.0.0.1", "localhost")] {
        one.recover();
        one.fail(DATA, Fault::Redirect(address));
        refused(&Environment::with_token(&one).client(), PATH, Reason::Malformed).await;
    }
    assert_eq!((other.requests().len(), one.count(DATA)), (0, 3));
}

#[tokio::test]
async fn a_login_goes_to_no_other_server() {
    let (one, other) = (server(), server());
    one.fail("/v1/auth/approle/login", Fault::Redirect(other.address()));
    let environment = Environment::of(&one)
        .set("PYPE_VAULT_AUTH", "approle")
        .set("PYPE_VAULT_ROLE_ID", "role")
        .set("PYPE_VAULT_SECRET_ID", SECRET_ID);
    refused(&environment.client(), PATH, Reason::Malformed).await;
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn within_the_server_it_is_followed_twice() {
    let server = server();
    server.root.put("secret/team/moved", json!({"password": PASSWORD}));
    server.fail(DATA, Fault::RedirectTo("/v1/secret/data/team/on".to_owned()));
    server.fail("/v1/secret/data/team/on", Fault::RedirectTo("/v1/secret/data/team/moved".to_owned()));
    assert_eq!(password(&Environment::with_token(&server).client()).await, PASSWORD);
    server.fail("/v1/secret/data/team/moved", Fault::RedirectTo("/v1/secret/data/team/further".to_owned()));
    let error = refused(&Environment::with_token(&server).client(), PATH, Reason::Malformed).await;
    assert!(error.message.contains("from one path to the next"), "{error}");
    assert_eq!(server.count("/v1/secret/data/team/further"), 0);
}

#[tokio::test]
async fn a_circle_ends() {
    let server = server();
    server.root.app_role("role", SECRET_ID, Grant::root());
    server.fail("/v1/auth/approle/login", Fault::RedirectTo("/v1/auth/approle/login".to_owned()));
    let environment = Environment::of(&server)
        .set("PYPE_VAULT_AUTH", "approle")
        .set("PYPE_VAULT_ROLE_ID", "role")
        .set("PYPE_VAULT_SECRET_ID", SECRET_ID);
    refused(&environment.client(), PATH, Reason::Malformed).await;
    // The body goes with it: it is still a login.
    let seen = server.requests();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.method == "POST" && seen.body.contains(SECRET_ID)));
}
