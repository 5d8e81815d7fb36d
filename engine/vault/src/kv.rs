//! Reads what lies at a place of a KV engine, in either version.

use crate::answer::Reply;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::mounts::{Mounts, Place, Version};
use crate::question::Question;
use crate::wire::Wire;
use pypeline_engine::secrets::Found;
use pypeline_schema::secret::Secret;
use serde_json::Value;
use vaultrs::api::EndpointResult;
use vaultrs::api::kv1::requests::GetSecretRequest;
use vaultrs::api::kv1::responses::GetSecretResponse;
use vaultrs::api::kv2::requests::ReadSecretRequest;
use vaultrs::api::kv2::responses::ReadSecretResponse;

/// Reads a path. A refusal has status 403, and is explained by the one who knows the login.
pub(crate) async fn read(
    path: &str,
    mounts: &Mounts,
    wire: &Wire,
    token: &Secret,
    until: Deadline,
) -> Result<Found, Failure> {
    let place = mounts.find(path, wire, token, until).await?;
    let read = match place.version {
        Version::Two => read_two(&place, wire, token, until).await,
        Version::One => read_one(&place, wire, token, until).await,
    };
    if !place.is_guess {
        return read;
    }
    match read {
        Ok(found) => {
            mounts.remember(&place.mount, Version::Two);
            Ok(found)
        }
        Err(missing) if missing.status == Some(404) => match read_one(&place, wire, token, until).await {
            Ok(found) => {
                mounts.remember(&place.mount, Version::One);
                Ok(found)
            }
            // A version 2 answers to the paths of version 1 with all sorts of refusals.
            Err(failure) if failure.status.is_some_and(|status| (400..500).contains(&status)) => Err(missing),
            Err(failure) => Err(failure),
        },
        Err(failure) => Err(failure),
    }
}

async fn read_one(place: &Place, wire: &Wire, token: &Secret, until: Deadline) -> Result<Found, Failure> {
    let question = Question::of(&GetSecretRequest { mount: place.mount.clone(), path: place.rest.clone() })?;
    let reply = wire.ask(&question, Some(token), until).await?;
    if reply.status >= 400 {
        return Err(refused(&reply, place, format!("{}/{}", place.mount, place.rest)));
    }
    let answer: GetSecretResponse = reply.json()?;
    entries(answer.data, &reply)
}

async fn read_two(place: &Place, wire: &Wire, token: &Secret, until: Deadline) -> Result<Found, Failure> {
    let request = ReadSecretRequest { mount: place.mount.clone(), path: place.rest.clone(), version: None };
    let reply = wire.ask(&Question::of(&request)?, Some(token), until).await?;
    if reply.status == 404
        && let Ok(EndpointResult::<ReadSecretResponse> { data: Some(gone), .. }) = reply.json()
    {
        return Err(is_gone(&gone, &reply));
    }
    if reply.status >= 400 {
        return Err(refused(&reply, place, format!("{}/data/{}", place.mount, place.rest)));
    }
    let answer: EndpointResult<ReadSecretResponse> = reply.json()?;
    let answer = answer.data.ok_or_else(|| reply.malformed("JSON without data"))?;
    if answer.data.is_null() {
        return Err(is_gone(&answer, &reply));
    }
    entries(answer.data, &reply)
}

/// The latest version of a secret has no data.
fn is_gone(answer: &ReadSecretResponse, reply: &Reply) -> Failure {
    let (version, by) = (answer.metadata.version, if answer.metadata.destroyed { "destroyed" } else { "deleted" });
    let help = if answer.metadata.destroyed { "write it anew" } else { "write it anew, or `vault kv undelete`" };
    Failure::not_found(format!("its latest version {version} at {} was {by}", reply.address)).help(help)
}

fn entries(data: Value, reply: &Reply) -> Result<Found, Failure> {
    let Value::Object(entries) = data else { return Err(reply.malformed("JSON whose data has no keys")) };
    let secret = |value: Value| match value {
        Value::String(text) => Secret::new(text),
        other => Secret::new(other.to_string()),
    };
    Ok(entries.into_iter().map(|(key, value)| (key, secret(value))).collect())
}

fn refused(reply: &Reply, place: &Place, asked: String) -> Failure {
    let failure = match reply.status {
        404 if reply.said().is_none() => reply.malformed("what is not Vault's JSON"),
        404 if reply.said().is_some_and(|said| said.contains("no handler for route")) => {
            let mount = &place.mount;
            Failure::not_found(format!("{} has no secrets engine for {asked}", reply.address))
                .help(format!("is {mount} the right mount, and VAULT_NAMESPACE the right namespace?"))
        }
        404 => {
            let failure = Failure::not_found(format!("{} has nothing at {asked}", reply.address));
            let has_data = place.version == Version::Two && place.rest.starts_with("data/");
            failure.help(if has_data {
                format!("leave out `data/`: write `{}/{}`", place.mount, place.rest.trim_start_matches("data/"))
            } else {
                format!("`vault kv list {}` shows what there is", place.mount)
            })
        }
        403 => Failure::denied(format!("{}: {asked} may not be read", reply.told()))
            .help(format!("the token needs a policy with: path \"{asked}\" {{ capabilities = [\"read\"] }}")),
        _ => Failure::denied(format!("{}: {asked} cannot be read", reply.told())),
    };
    failure.status(reply.status)
}
