//! Whom the client trusts.

use super::support::{Environment, PASSWORD, PATH, filled, password, refused, refused_in_time};
use pypeline_engine::secrets::Reason;
use std::fs;
use std::path::{Path, PathBuf};
use vault_server::VaultServer;

fn with_ca(server: &VaultServer, folder: &Path) -> PathBuf {
    let file = folder.join("ca.pem");
    server.write_ca(&file).unwrap();
    file
}

#[tokio::test]
async fn a_server_of_a_known_authority_is_trusted() {
    let server = filled(VaultServer::start_tls().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let ca = with_ca(&server, folder.path());
    let environment = Environment::with_token(&server);
    assert_eq!(password(&environment.clone().set("VAULT_CACERT", &ca.to_string_lossy()).client()).await, PASSWORD);
    let by_folder = environment.clone().set("VAULT_CAPATH", &folder.path().to_string_lossy());
    assert_eq!(password(&by_folder.client()).await, PASSWORD);
    let localhost = server.address().replace("127.0.0.1", "localhost");
    let by_name = by_folder.set("VAULT_ADDR", &localhost);
    assert_eq!(password(&by_name.client()).await, PASSWORD);
    assert_eq!(password(&environment.set("VAULT_SKIP_VERIFY", "true").client()).await, PASSWORD);
}

#[tokio::test]
async fn a_server_of_another_authority_gets_nothing() {
    let (server, other) = (filled(VaultServer::start_tls().unwrap()), VaultServer::start_tls().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let ca = with_ca(&other, folder.path());
    let environment = Environment::with_token(&server).set("VAULT_CACERT", &ca.to_string_lossy());
    let error = refused_in_time(environment, Reason::Setup).await;
    assert!(
        error.message.contains("from an authority that is not trusted here")
            && error.message.contains(&server.address()),
        "{error}"
    );
    assert!(error.help.is_some_and(|help| help.contains("VAULT_CACERT")));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_server_of_no_known_authority_gets_nothing() {
    let server = filled(VaultServer::start_tls().unwrap());
    let error = refused_in_time(Environment::with_token(&server), Reason::Setup).await;
    assert!(error.help.is_some_and(|help| help.contains("VAULT_CACERT")));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let server = filled(VaultServer::start_mutual_tls().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let ca = with_ca(&server, folder.path());
    let (certificate, key) = (folder.path().join("client.crt"), folder.path().join("client.key"));
    server.write_client(&certificate, &key).unwrap();
    let environment = Environment::with_token(&server).set("VAULT_CACERT", &ca.to_string_lossy());
    let shown = environment
        .clone()
        .set("VAULT_CLIENT_CERT", &certificate.to_string_lossy())
        .set("VAULT_CLIENT_KEY", &key.to_string_lossy());
    assert_eq!(password(&shown.client()).await, PASSWORD);
    let error = refused_in_time(environment, Reason::Setup).await;
    assert!(error.help.is_some_and(|help| help.contains("VAULT_CLIENT_CERT")), "{}", error.message);
}

#[tokio::test]
async fn the_wrong_scheme_is_said() {
    let (tls, plain) = (filled(VaultServer::start_tls().unwrap()), filled(VaultServer::start().unwrap()));
    let environment = Environment::with_token(&plain).set("VAULT_SKIP_VERIFY", "1");
    let environment = environment.set("VAULT_ADDR", &plain.address().replace("http:", "https:"));
    let error = refused_in_time(environment, Reason::Setup).await;
    assert!(error.help.is_some_and(|help| help.contains("scheme")), "{}", error.message);
    let environment = Environment::with_token(&tls).set("VAULT_ADDR", &tls.address().replace("https:", "http:"));
    let error = refused_in_time(environment, Reason::Unavailable).await;
    assert!(error.help.is_some_and(|help| help.contains("scheme")), "{}", error.message);
}

#[tokio::test]
async fn files_that_hold_no_certificate_are_said() {
    let server = filled(VaultServer::start_tls().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (missing, empty) = (folder.path().join("missing"), folder.path().join("empty"));
    fs::write(&empty, "no certificate").unwrap();
    let nothing = tempfile::tempdir().unwrap();
    for (variable, file) in [
        ("VAULT_CACERT", missing.as_path()),
        ("VAULT_CACERT", &empty),
        ("VAULT_CAPATH", &missing),
        ("VAULT_CAPATH", folder.path()),
        ("VAULT_CAPATH", nothing.path()),
    ] {
        let client = Environment::with_token(&server).set(variable, &file.to_string_lossy()).client();
        let error = refused(&client, PATH, Reason::Setup).await;
        assert!(error.message.starts_with(variable) && error.help.is_some(), "{error:?}");
    }
    let files = empty.to_string_lossy();
    let client = Environment::with_token(&server)
        .set("VAULT_SKIP_VERIFY", "1")
        .set("VAULT_CLIENT_CERT", &files)
        .set("VAULT_CLIENT_KEY", &files)
        .client();
    assert!(refused(&client, PATH, Reason::Setup).await.message.contains("VAULT_CLIENT_KEY"));
}
