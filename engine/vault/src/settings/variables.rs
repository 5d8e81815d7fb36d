//! Variables as what they mean. An error names the variable and how to correct it, never what it holds.

use crate::failure::Failure;
use pypeline_schema::secret::Secret;
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::path::PathBuf;
use std::time::Duration;

/// Longer ones are a slip of the unit; adding them to a clock could overflow.
const LONGEST: f64 = 24.0 * 3600.0;

/// An environment.
pub(super) struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Variables<'a> {
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup }
    }

    /// The text without spaces around it; none if there is nothing left.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = (self.lookup)(name)?;
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.text(name).map(Secret::new)
    }

    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    pub fn header(&self, name: &str) -> Result<Option<HeaderValue>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let value = HeaderValue::from_str(text.trim_matches('/'));
        value
            .map(Some)
            .map_err(|_| self.wrong(name, "has a sign that cannot stand in a header", "is there a line break in it?"))
    }

    /// As Go reads it, whose words Vault's own client takes.
    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.text(name).as_deref() {
            None | Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Ok(false),
            Some("1" | "t" | "T" | "true" | "True" | "TRUE") => Ok(true),
            Some(_) => Err(self.wrong(name, "is neither true nor false", "set it to `true`, or unset it")),
        }
    }

    pub fn duration(&self, name: &str, usual: Duration) -> Result<Duration, Failure> {
        let Some(text) = self.text(name) else { return Ok(usual) };
        let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(at);
        let seconds = match unit {
            "" | "s" => Some(1.0),
            "ms" => Some(0.001),
            "m" => Some(60.0),
            "h" => Some(3600.0),
            _ => None,
        };
        let seconds = seconds.and_then(|unit| Some(unit * number.parse::<f64>().ok()?));
        match seconds {
            Some(seconds) if seconds > 0.0 && seconds <= LONGEST => Ok(Duration::from_secs_f64(seconds)),
            _ => Err(self.wrong(name, "is no time between 0 and 24 hours", "give seconds, as in `10` or `10s`")),
        }
    }

    pub fn address(&self, name: &str) -> Result<Option<Url>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let like = "write it as `https://vault.example.com:8200`";
        let Ok(url) = Url::parse(&text) else { return Err(self.wrong(name, "is no address", like)) };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(self.wrong(name, "is no address that begins with http:// or https://", like));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(self.wrong(name, "has more than a scheme, a host, a port and a path", like));
        }
        Ok(Some(url))
    }

    pub fn wrong(&self, name: &str, what: &str, help: &str) -> Failure {
        Failure::setup(format!("{name} {what}")).help(help)
    }

    pub fn missing(&self, name: &str, because: &str) -> Failure {
        Failure::setup(format!("{because}, and {name} is not")).help(format!("set {name}"))
    }
}
