//! Not in a message that a person reads.

use pypeline_schema::secret::Secret;

fn main() {
    let secret = Secret::new("hush");
    println!("{secret}");
}
