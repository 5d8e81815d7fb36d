//! How much a flow may be: whatever bytes come as YAML, there is an answer in bounded time and memory.
//!
//! `docs/guides/flow-format.md` tells users of these numbers.

/// Bytes of a flow and all that it includes.
pub const MOST_BYTES: u64 = 32 << 20;

/// Lists and mappings within each other. No recursion over a value goes deeper.
pub const MOST_DEPTH: usize = 100;

/// Values of a flow, counted as often as aliases and includes repeat them.
pub const MOST_VALUES: usize = 150_000;

/// Further values for each entry of `modules` that has an id and a name: large flows are read in time and memory that grow with
/// their modules, and what is large and no flow is not read.
pub const VALUES_OF_A_MODULE: usize = 40;

/// Entries of `modules` that make room.
pub const MOST_MODULES: usize = 200_000;

/// Bytes of one text.
pub const LONGEST_TEXT: usize = 1 << 20;

/// Bytes of one key.
pub const LONGEST_KEY: usize = 1 << 10;

/// Variables of the environment in one text.
pub const MOST_VARIABLES: usize = 1_000;

/// Bytes of a node's id, and of a module's name.
pub const LONGEST_ID: usize = 256;

/// Bytes that aliases may repeat.
pub const MOST_REPEATED_BYTES: usize = 8 << 20;

/// Includes of a flow, counted as often as they stand there.
pub const MOST_INCLUDES: usize = 1_000;

/// Files that include each other in a chain.
pub const DEEPEST_INCLUDE: usize = 16;

/// The same number as a user reads it.
pub fn in_words(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
