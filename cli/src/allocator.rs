//! The allocator, and how much of what was freed it keeps for later: a second of work frees and takes the same gigabytes again and again, and pages
//! that were given back cost a fault each; but what it keeps counts as memory of the run. So it keeps much as long as there is room, and nothing where memory
//! is short. Figures: docs/decisions/0003-tuned-build.md.

// Options of the allocator cannot be set in safe code.
#![allow(unsafe_code)]

use libmimalloc_sys::{mi_collect, mi_option_set, mi_option_set_default, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Milliseconds before what was freed goes back to the system. The crate has no names for these two; the test knows them by their values.
const PURGE_DELAY: mi_option_t = 15;

/// Whether everything is had from the system, and goes back to it, by itself.
const DISALLOW_ARENA_ALLOC: mi_option_t = 26;

/// As long as other engines keep it.
const LONG: std::ffi::c_long = 10_000;

/// Says how much is kept, unless the environment says it (`MIMALLOC_PURGE_DELAY`), and hears of shortages from now on.
pub fn set_up() {
    // SAFETY: the option is there (see the test), and nothing but a number is set, while no other thread is there.
    unsafe { mi_option_set_default(PURGE_DELAY, LONG) };
    pypeline_engine::memory::on_shortage(tell);
}

fn tell(is_short: bool) {
    let (delay, direct) = if is_short { (0, 1) } else { (LONG, 0) };
    // SAFETY: the options are there (see the test), and were all read from the environment at the start, so that setting one writes an
    // aligned word that other threads read as it was or as it is, and go by from their next call on. Collecting is for any thread.
    unsafe {
        mi_option_set(PURGE_DELAY, delay);
        mi_option_set(DISALLOW_ARENA_ALLOC, direct);
        if is_short {
            mi_collect(true);
        }
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
        // The defaults of the options before and after them, and their own.
        assert_eq!([24, DISALLOW_ARENA_ALLOC, 27].map(value), [1, 0, 400]);
        assert_eq!([PURGE_DELAY, 19].map(value), [1000, 32]);
        set_up();
        assert_eq!(value(PURGE_DELAY), LONG);
        tell(true);
        assert_eq!([PURGE_DELAY, DISALLOW_ARENA_ALLOC].map(value), [0, 1]);
        tell(false);
        assert_eq!([PURGE_DELAY, DISALLOW_ARENA_ALLOC].map(value), [LONG, 0]);
    }
}
