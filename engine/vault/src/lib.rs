//! Secrets from HashiCorp Vault: logins, both versions of the KV engine, renewal, and errors that name the path.
