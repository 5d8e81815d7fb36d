//! Not in a file, whatever its format.

use pypeline_schema::secret::Secret;

fn main() {
    let secret = Secret::new("hush");
    let _ = serde_json::to_string(&secret);
}
