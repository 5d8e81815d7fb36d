//! Not in the facts of a failure.

use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::secret::Secret;

fn main() {
    let secret = Secret::new("hush");
    let _ = Fault::new(FaultKind::Io, "refused").with("password", secret);
}
