//! Not in the output of a debug format.

use pypeline_schema::secret::Secret;

fn main() {
    let secret = Secret::new("hush");
    println!("{secret:?}");
}
