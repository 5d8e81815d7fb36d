//! A Vault server in the test's own process.
