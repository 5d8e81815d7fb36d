//! What the environment says, and how a wrong setting is told.

use super::support::{Environment, SECRET_ID, TOKEN, is_silent, server};
use crate::Settings;
use pypeline_engine::secrets::Reason;
use std::time::Duration;

#[test]
fn without_an_address_there_is_no_vault() {
    let none = Settings::from_env(|name| (name == "VAULT_TOKEN").then(|| TOKEN.to_owned()));
    assert!(none.is_ok_and(|settings| settings.is_none()));
    let empty = Settings::from_env(|name| (name == "VAULT_ADDR").then(|| "  ".to_owned()));
    assert!(empty.is_ok_and(|settings| settings.is_none()));
}

#[test]
fn times_and_addresses_are_read() {
    let server = server();
    let environment = Environment::with_token(&server);
    let settings = environment.clone().set("PYPE_VAULT_DEADLINE", "").ready();
    assert_eq!((settings.timeout, settings.deadline), (Duration::from_secs(10), Duration::from_secs(30)));
    for (text, milliseconds) in
        [("7", 7000), ("1.5", 1500), ("250ms", 250), ("90s", 90_000), ("2m", 120_000), ("1h", 3_600_000)]
    {
        let settings = environment.clone().set("VAULT_CLIENT_TIMEOUT", text).ready();
        assert_eq!(settings.timeout, Duration::from_millis(milliseconds));
    }
    let client = environment.set("VAULT_ADDR", "https://vault.example.com/").client();
    assert_eq!(client.address(), "https://vault.example.com");
}

#[test]
fn a_wrong_setting_is_told_by_its_name_and_never_by_its_value() {
    let server = server();
    let secret = "Wr0ng-and-$ecret";
    for (name, value) in [
        ("VAULT_ADDR", secret),
        ("VAULT_ADDR", "127.0.0.1:8200"),
        ("VAULT_ADDR", "unix:///run/Wr0ng-and-$ecret"),
        ("VAULT_ADDR", "https://user:Wr0ng-and-$ecret@host"),
        ("VAULT_ADDR", "https://host/?token=Wr0ng-and-$ecret"),
        ("VAULT_NAMESPACE", "a\nWr0ng-and-$ecret"),
        ("VAULT_SKIP_VERIFY", secret),
        ("VAULT_CLIENT_TIMEOUT", secret),
        ("VAULT_CLIENT_TIMEOUT", "0"),
        ("VAULT_CLIENT_TIMEOUT", "-5"),
        ("VAULT_CLIENT_TIMEOUT", "5 days"),
        ("PYPE_VAULT_DEADLINE", "1e400"),
        ("PYPE_VAULT_DEADLINE", "NaN"),
        ("PYPE_VAULT_AUTH", secret),
        ("VAULT_TOKEN", "hvs.Wr0ng\nX-Header: and"),
    ] {
        wrong(&Environment::with_token(&server).set(name, value), name);
    }
}

#[test]
fn a_setting_that_is_missing_is_named() {
    let server = server();
    let of = |method: &str| Environment::of(&server).set("PYPE_VAULT_AUTH", method);
    wrong(&Environment::of(&server), "VAULT_TOKEN");
    wrong(&of("token"), "VAULT_TOKEN");
    wrong(&of("approle"), "PYPE_VAULT_ROLE_ID");
    wrong(&of("approle").set("PYPE_VAULT_SECRET_ID", SECRET_ID), "PYPE_VAULT_ROLE_ID");
    wrong(&of("approle").set("PYPE_VAULT_ROLE_ID", "role"), "PYPE_VAULT_SECRET_ID_FILE");
    wrong(&of("kubernetes"), "PYPE_VAULT_ROLE");
    wrong(&Environment::with_token(&server).set("VAULT_CLIENT_CERT", "/a"), "VAULT_CLIENT_KEY");
    wrong(&Environment::with_token(&server).set("VAULT_CLIENT_KEY", "/a"), "VAULT_CLIENT_CERT");
}

fn wrong(environment: &Environment, name: &str) {
    let Err(error) = environment.settings() else { panic!("{name} was taken") };
    assert_eq!((error.reason, error.place.as_str()), (Reason::Setup, "vault://"));
    assert!(error.message.contains(name) && error.help.is_some(), "{error:?}");
    assert!(!format!("{error:?}").contains("Wr0ng"), "{error:?}");
    is_silent(&error);
}
