//! What lies at a path, in both versions of the KV engine, wherever it is mounted.

use super::support::{Environment, PASSWORD, PATH, TOKEN, at, password, refused, server};
use pypeline_engine::secrets::{Reason, Vault};
use serde_json::json;
use vault_server::{Fault, Grant, Kv, VaultServer};

#[tokio::test]
async fn nothing_is_sent_before_the_first_read_and_the_mount_is_asked_once() {
    let server = server();
    let client = Environment::with_token(&server).client();
    assert_eq!(server.requests().len(), 0);
    assert_eq!(password(&client).await, PASSWORD);
    assert_eq!(server.requests().len(), 2);
    assert_eq!(password(&client).await, PASSWORD);
    assert_eq!(server.requests().len(), 3);
    assert_eq!(server.count("/v1/sys/internal/ui/mounts/*"), 1);
    assert!(server.requests().iter().all(|seen| seen.token.as_deref() == Some(TOKEN) && seen.method == "GET"));
}

#[tokio::test]
async fn both_versions_are_read_wherever_they_are_mounted() {
    let server = VaultServer::start().unwrap();
    server.root.token(TOKEN, Grant::root());
    for (mount, kind) in [("kv", Kv::One), ("secret", Kv::Two), ("teams/a/old", Kv::One), ("teams/a/new", Kv::Two)] {
        server.root.mount(mount, kind);
        for path in ["db", "a/b/c", "data/x", "with space"] {
            server.root.put(&format!("{mount}/{path}"), json!({"at": format!("{mount} {path}")}));
        }
    }
    let client = Environment::with_token(&server).client();
    for mount in ["kv", "secret", "teams/a/old", "teams/a/new"] {
        for path in ["db", "a/b/c", "data/x", "with space"] {
            let found = client.read(&format!("{mount}/{path}")).await.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(at(&found, "at"), format!("{mount} {path}"));
        }
    }
    assert_eq!(server.count("/v1/sys/internal/ui/mounts/*"), 4);
}

#[tokio::test]
async fn what_is_no_text_comes_as_json() {
    let server = server();
    let data = json!({"text": " as it is\n", "int": 18_446_744_073_709_551_615_u64, "float": 0.5, "flag": true, "none": null,
        "list": [1, "a"], "map": {"k": {"deep": "v"}}, "empty": ""});
    server.root.put(PATH, data);
    let found = Environment::with_token(&server).client().read(PATH).await.unwrap_or_else(|error| panic!("{error}"));
    for (key, text) in [
        ("text", " as it is\n"),
        ("int", "18446744073709551615"),
        ("float", "0.5"),
        ("flag", "true"),
        ("none", "null"),
        ("list", "[1,\"a\"]"),
        ("map", "{\"k\":{\"deep\":\"v\"}}"),
        ("empty", ""),
    ] {
        assert_eq!(at(&found, key), text);
    }
    assert_eq!(found.len(), 8);
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let server = server();
    server.root.mount("old", Kv::One);
    server.root.mount("pki", Kv::Other("pki"));
    server.root.put("secret/team/deleted", json!({"a": "b"}));
    server.root.delete("secret/team/deleted");
    server.root.put("secret/team/destroyed", json!({"a": "b"}));
    server.root.put("secret/team/destroyed", json!({"a": "b"}));
    server.root.destroy("secret/team/destroyed");
    server.root.token(TOKEN, Grant::root());
    let client = Environment::with_token(&server).client();
    for (path, words, help) in [
        ("secret/team/none", "has nothing at secret/data/team/none", "vault kv list secret"),
        ("secret/data/team/db", "has nothing at secret/data/data/team/db", "`secret/team/db`"),
        ("old/none", "has nothing at old/none", "vault kv list old"),
        ("nowhere/db", "has no secrets engine for nowhere/data/db", "VAULT_NAMESPACE"),
        ("secret/team/deleted", "its latest version 1", "undelete"),
        ("secret/team/destroyed", "was destroyed", "anew"),
    ] {
        let error = refused(&client, path, Reason::NotFound).await;
        assert!(error.message.contains(words) && error.message.contains(&server.address()), "{error}");
        assert!(error.help.as_ref().is_some_and(|text| text.contains(help)), "{error:?}");
    }
    let error = refused(&client, "pki/issue/x", Reason::Setup).await;
    assert!(error.message.contains("`pki` engine"), "{error}");
}

#[tokio::test]
async fn paths_that_are_none_are_not_asked_for() {
    let server = server();
    server.root.mount("teams/a", Kv::Two);
    let client = Environment::with_token(&server).client();
    for path in ["secret", "", "secret//db", "secret/../sys/x", "secret/./db", "/secret/db", "secret/db\n"] {
        let Err(error) = client.read(path).await else { panic!("{path} was read") };
        assert_eq!(error.reason, Reason::Setup, "{error}");
    }
    assert_eq!(server.requests().len(), 0);
    server.root.token(TOKEN, Grant::root());
    refused(&client, "teams/a", Reason::NotFound).await;
}

#[tokio::test]
async fn a_server_that_does_not_say_what_is_mounted_is_read_by_guessing() {
    for fault in [Fault::Denied, Fault::NotFound] {
        let server = server();
        server.root.mount("old", Kv::One);
        server.root.put("old/db", json!({"password": PASSWORD}));
        server.root.token(TOKEN, Grant::root());
        server.fail("/v1/sys/internal/ui/mounts/*", fault);
        let client = Environment::with_token(&server).client();
        assert_eq!(password(&client).await, PASSWORD);
        let found = client.read("old/db").await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(at(&found, "password"), PASSWORD);
        let asked = server.count("/v1/sys/internal/ui/mounts/*");
        assert!(client.read("old/db").await.is_ok() && client.read(PATH).await.is_ok());
        assert_eq!(server.count("/v1/sys/internal/ui/mounts/*"), asked);
        refused(&client, "secret/none", Reason::NotFound).await;
        refused(&client, "old/none", Reason::NotFound).await;
        refused(&client, "none/none", Reason::NotFound).await;
    }
}

#[tokio::test]
async fn a_deleted_version_is_said_where_the_mount_is_guessed() {
    let server = server();
    server.root.delete(PATH);
    server.fail("/v1/sys/internal/ui/mounts/*", Fault::Denied);
    let error = refused(&Environment::with_token(&server).client(), PATH, Reason::NotFound).await;
    assert!(error.message.contains("was deleted"), "{error}");
}

#[tokio::test]
async fn namespaces_are_apart() {
    let server = server();
    let team = server.namespace("org/team-a");
    team.mount("kv", Kv::One);
    team.put("kv/db", json!({"password": "of the team's own"}));
    team.token("hvs.CAESIOfTheNamespace", Grant::root());
    let environment = Environment::of(&server).set("VAULT_TOKEN", "hvs.CAESIOfTheNamespace");
    let client = environment.clone().set("VAULT_NAMESPACE", "org/team-a/").client();
    let found = client.read("kv/db").await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(at(&found, "password"), "of the team's own");
    assert!(server.requests().iter().all(|seen| seen.namespace == "org/team-a"));
    let client = environment.clone().set("VAULT_NAMESPACE", "org/none").client();
    let error = refused(&client, "kv/db", Reason::NotFound).await;
    assert!(error.help.is_some_and(|help| help.contains("VAULT_NAMESPACE")));
    refused(&environment.client(), "kv/db", Reason::Denied).await;
}

#[tokio::test]
async fn an_address_may_have_a_path() {
    let server = server();
    let client = Environment::with_token(&server).set("VAULT_ADDR", &format!("{}/behind/", server.address())).client();
    refused(&client, PATH, Reason::NotFound).await;
    assert_eq!(server.count("/behind/v1/secret/data/team/db"), 1);
}
