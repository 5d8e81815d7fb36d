//! The allocator, and how much of what was freed it keeps for later: a second of work frees and takes the same gigabytes again and again, and pages
//! that were given back cost a fault each; but what it keeps counts as memory of the run. So it keeps much as long as there is room, and nothing where memory
//! is short. Figures: docs/decisions/0003-tuned-build.md.

// Options of the allocator cannot be set in safe code.
#![allow(unsafe_code)]

use libmimalloc_sys::{mi_collect, mi_option_set, mi_option_set_default, mi_option_t};
use std::ffi::c_long;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Milliseconds before what was freed goes back to the system. The crate has no names for these two; the test knows them by their values.
const PURGE_DELAY: mi_option_t = 15;

/// KiB above which memory is had from the system, and goes back to it, by itself.
const LARGEST_IN_ARENA: mi_option_t = 45;

/// As long as other engines keep it.
const LONG: c_long = 10_000;

/// The size of the allocator's smallest pages: whatever is larger goes back at once. Smaller ones would be too many mappings for the system.
const SMALL: c_long = 64;

/// Bytes from which on the system's allocator, which plugins have, does the same: by itself it keeps ever larger pieces.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: std::ffi::c_int = 256 << 10;

/// Says how much is kept, unless the environment says it (`MIMALLOC_PURGE_DELAY`), and hears of a shortage from now on.
pub fn set_up() {
    // SAFETY: the option is there (see the test), and nothing but a number is set, while no other thread is there.
    unsafe { mi_option_set_default(PURGE_DELAY, LONG) };
    pypeline_engine::memory::on_shortage(keep_nothing);
}

fn keep_nothing() {
    // SAFETY: the options are there (see the test), and were all read from the environment at the start, so that setting one writes an
    // aligned word that other threads read as it was or as it is, and go by from their next call on. Collecting is for any thread.
    unsafe {
        mi_option_set(PURGE_DELAY, 0);
        mi_option_set(LARGEST_IN_ARENA, SMALL);
        mi_collect(true);
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: these set numbers of the system's allocator, and give back what it has free, under locks of its own.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libmimalloc_sys::mi_option_get;

    #[test]
    fn options_have_the_numbers_of_this_version() {
        let value = |option| {
            // SAFETY: a number is read.
            unsafe { mi_option_get(option) }
        };
        // Options around them and themselves, by their defaults: the second is 2 GiB.
        assert_eq!([PURGE_DELAY, 19, 27].map(value), [1000, 32, 400]);
        assert_eq!([43, 44, LARGEST_IN_ARENA, 46].map(value), [1, 0, 2 << 20, 0]);
        set_up();
        assert_eq!(value(PURGE_DELAY), LONG);
        keep_nothing();
        assert_eq!([PURGE_DELAY, LARGEST_IN_ARENA].map(value), [0, SMALL]);
    }
}
