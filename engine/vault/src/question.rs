//! One question to the server: a method, a path below the API's version, and a body.

use crate::failure::Failure;
use reqwest::{Method, Url};
use vaultrs::api::ResponseWrapper;

/// A question, in a form that can be sent more than once.
pub(crate) struct Question {
    pub method: Method,
    path: String,
    pub body: Option<Vec<u8>>,
}

impl Question {
    /// What an endpoint of vaultrs asks. It is sent by [`Wire`](crate::wire::Wire) and not by vaultrs, which says why.
    pub fn of<E: ResponseWrapper>(endpoint: &E) -> Result<Self, Failure> {
        let body = endpoint.body().map_err(|_| Failure::setup("what is to be sent cannot be put into JSON"))?;
        Ok(Self { method: endpoint.method().into(), path: endpoint.path(), body })
    }

    /// Asks for what lies at a path.
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: None }
    }

    /// Where it is asked, by the server's address. The address may have a path of its own, which vaultrs would put behind
    /// the API's version.
    pub fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // One of vaultrs' paths begins with a tab.
            let path = self.path.trim().trim_matches('/');
            segments.pop_if_empty().push("v1").extend(path.split('/'));
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vaultrs::api::kv2::requests::ReadSecretRequest;
    use vaultrs::api::token::requests::RenewTokenSelfRequest;

    #[test]
    fn paths_are_below_the_address() {
        let base = Url::parse("https://host:8200/behind/a/proxy/").unwrap();
        let renewal = Question::of(&RenewTokenSelfRequest { increment: None }).unwrap();
        assert_eq!(renewal.url(&base).as_str(), "https://host:8200/behind/a/proxy/v1/auth/token/renew-self");
        let read = ReadSecretRequest { mount: "a/b".to_owned(), path: "c d/ä%2F?#".to_owned(), version: None };
        let base = Url::parse("http://host").unwrap();
        let url = Question::of(&read).unwrap().url(&base);
        assert_eq!(url.as_str(), "http://host/v1/a/b/data/c%20d/%C3%A4%252F%3F%23");
    }
}
