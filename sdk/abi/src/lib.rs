//! The types that cross the plugin boundary, and nothing else: small, frozen, versioned from 1.0.
//!
//! Order of calls: the host reads [`meta::PluginMeta`] from the file without running any code, opens the library, checks the
//! layout of [`module::PluginRoot`] in both orders, then calls `describe`, `lower` and `create`. A module object answers
//! `setup`, `run`, `teardown`, each a future that the host polls.
//!
//! Architecture invariant: nothing outside this crate, the SDK's boundary and the engine's loader names abi_stable or
//! async-ffi. What may grow crosses as JSON text; structs passed by value never change within a major version; tables of
//! functions only grow at their end.

// The boundary itself: raw pointers of the Arrow C data interface and the statics of the handshake live here.
#![allow(unsafe_code)]
// What abi_stable's trait macro expands to.
#![allow(non_local_definitions)]

pub mod arrow_c;
#[cfg(feature = "arrow")]
pub mod arrow_rs;
pub mod context;
pub mod meta;
pub mod module;
pub mod rows;

pub use abi_stable::std_types::{RArc, RBox, RNone, ROption, RResult, RSome, RStr, RString};
pub use abi_stable::{abi_stability, library, prefix_type, sabi_trait};
pub use async_ffi::{FfiFuture, FutureExt};

/// What every fallible call returns; the error is a `pypeline_schema::fault::Fault` as JSON text.
pub type AbiResult<T> = RResult<T, RString>;

/// A fallible call that ends later.
pub type AbiFuture<T> = FfiFuture<AbiResult<T>>;

/// Breaking changes; a plugin of another major version is refused.
pub const ABI_MAJOR: u16 = 1;

/// Additions; host and plugin may differ in it, in either direction.
pub const ABI_MINOR: u16 = 1;
