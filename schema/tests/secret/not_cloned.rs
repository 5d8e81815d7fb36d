//! Not copied: memory that is wiped has one owner.

use pypeline_schema::secret::Secret;

fn main() {
    let secret = Secret::new("hush");
    let _: Secret = secret.clone();
}
