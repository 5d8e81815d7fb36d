//! Not in a message of the log.

use pypeline_schema::secret::Secret;

fn main() {
    let secret = Secret::new("hush");
    tracing::info!("connected with {}", secret);
}
