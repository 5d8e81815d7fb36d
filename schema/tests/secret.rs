//! Programs in which a secret would be written down do not compile.

#[test]
fn a_secret_reaches_no_text_no_file_and_no_log() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/secret/exposed.rs");
    cases.compile_fail("tests/secret/not_*.rs");
}
