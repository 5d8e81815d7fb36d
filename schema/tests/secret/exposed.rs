//! The one way, which a reviewer can look for.

fn main() {
    let secret = pypeline_schema::secret::Secret::new("hush");
    assert_eq!(secret.expose().len(), 4);
}
