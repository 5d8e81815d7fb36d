//! Not in a message.

use pypeline_schema::secret::Secret;

fn main() {
    let secret = Secret::new("hush");
    println!("{secret}");
}
