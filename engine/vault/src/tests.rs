//! The client against a server in the same process: what it reads, how it logs in, and what becomes of each failure.

mod failures;
mod leases;
mod logins;
mod real;
mod redirects;
mod reads;
mod settings;
mod support;
mod tls;
