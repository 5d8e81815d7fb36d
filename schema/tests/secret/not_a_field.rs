//! Not in a field of the log.

use pypeline_schema::secret::Secret;

fn main() {
    let secret = Secret::new("hush");
    tracing::info!(password = %secret, "connected");
}
