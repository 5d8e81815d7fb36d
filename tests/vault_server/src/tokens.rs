//! Tokens: what they may do, how long by logical means, and how often.

use std::collections::BTreeMap;

/// What a token is granted.
#[derive(Debug, Clone)]
pub struct Grant {
    pub(crate) policies: Vec<String>,
    pub(crate) ttl: u64,
    pub(crate) is_renewable: bool,
    pub(crate) uses: u64,
}

impl Grant {
    /// These policies, and `default`, which lets a token ask about itself and renew itself. No end, no limit of uses.
    pub fn of(policies: &[&str]) -> Self {
        let policies = ["default"].iter().chain(policies).map(|policy| (*policy).to_owned()).collect();
        Self { policies, ttl: 0, is_renewable: false, uses: 0 }
    }

    /// May do everything.
    pub fn root() -> Self {
        Self { policies: vec!["root".to_owned()], ttl: 0, is_renewable: false, uses: 0 }
    }

    /// Says that it lasts so many seconds. It ends by [`expire_tokens`](crate::VaultServer::expire_tokens) alone.
    #[must_use]
    pub fn ttl(mut self, seconds: u64) -> Self {
        self.ttl = seconds;
        self
    }

    /// It can be renewed.
    #[must_use]
    pub fn renewable(mut self) -> Self {
        self.is_renewable = true;
        self
    }

    /// It ends after so many requests.
    #[must_use]
    pub fn uses(mut self, requests: u64) -> Self {
        self.uses = requests;
        self
    }

    /// It may not ask about itself or renew itself.
    #[must_use]
    pub fn without_default(mut self) -> Self {
        self.policies.retain(|policy| policy != "default");
        self
    }
}

/// A token that was granted.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub namespace: String,
    pub grant: Grant,
    pub number: u64,
    /// Requests that are left to it; none for no limit.
    left: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Tokens {
    known: BTreeMap<String, Token>,
    made: u64,
}

impl Tokens {
    pub fn add(&mut self, text: &str, namespace: &str, grant: Grant) {
        self.made += 1;
        let left = (grant.uses > 0).then_some(grant.uses);
        let token = Token { namespace: namespace.to_owned(), grant, number: self.made, left };
        self.known.insert(text.to_owned(), token);
    }

    /// Makes the token of a login.
    pub fn issue(&mut self, namespace: &str, grant: Grant) -> String {
        let text = format!("hvs.CAESIissued{:06}TokenOfALogin", self.made + 1);
        self.add(&text, namespace, grant);
        text
    }

    /// Takes one use off a token. None if there is no such token, or no longer.
    pub fn use_once(&mut self, text: &str) -> Option<Token> {
        let token = self.known.get_mut(text)?;
        let used = token.clone();
        if let Some(left) = &mut token.left {
            *left -= 1;
            if *left == 0 {
                self.known.remove(text);
            }
        }
        Some(used)
    }

    /// Looks at a token without using it.
    pub fn peek(&self, text: &str) -> Option<&Token> {
        self.known.get(text)
    }

    pub fn expire(&mut self) {
        self.known.retain(|_, token| token.grant.ttl == 0);
    }

    pub fn revoke(&mut self, text: &str) {
        self.known.remove(text);
    }
}
