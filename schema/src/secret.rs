//! The one value that stands in no file: text that can be used and never shown.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// A password, a token, a key. It has no `Debug`, `Display` or `Serialize`, so that it reaches a log line, a message or a file
/// only by [`expose`](Self::expose), which a reviewer can look for; its memory is wiped when it goes. Shared by `Arc`, not copied.
///
/// A module's configuration may take one (`password: Secret`): it is read, and never written.
///
/// ```
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// assert_eq!(secret.expose().len(), 4);
/// tracing::info!(length = secret.expose().len(), "connected");
/// ```
///
/// It stands in no message,
///
/// ```compile_fail,E0277
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// println!("{}", secret);
/// ```
///
/// in no debug output,
///
/// ```compile_fail,E0277
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// println!("{:?}", secret);
/// ```
///
/// in no file,
///
/// ```compile_fail,E0277
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// let _ = serde_json::to_string(&secret);
/// ```
///
/// in no line of a log,
///
/// ```compile_fail,E0277
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// tracing::info!("connected with {}", secret);
/// ```
///
/// in none of its fields,
///
/// ```compile_fail,E0277
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// tracing::info!(password = %secret, "connected");
/// ```
///
/// in whatever form,
///
/// ```compile_fail,E0277
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// tracing::info!(password = ?secret, "connected");
/// ```
///
/// and in no fact of a failure.
///
/// ```compile_fail,E0277
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// let _ = pypeline_schema::fault::Fault::new(pypeline_schema::fault::FaultKind::Io, "refused").with("password", secret);
/// ```
///
/// Nor is it copied: memory that is wiped has one owner.
///
/// ```compile_fail,E0599
/// # let secret = pypeline_schema::secret::Secret::new("hush");
/// let copy = secret.clone();
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one who connects with it. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "writeOnly": true})
    }
}
