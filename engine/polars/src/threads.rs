//! How many threads the query engine takes. Each holds rows of its own at every step of a stage, so that a small budget of memory has room
//! for few, however many cores there are.

// The thread's cores cannot be chosen in safe code.
#![allow(unsafe_code)]

use std::sync::Once;

/// Bytes of the budget for each thread (figures: docs/benchmarks.md).
const PER_THREAD: u64 = 128_000_000;

/// Threads that a run has at least, as far as there are cores.
const LEAST: usize = 2;

/// What Polars goes by where it is set.
const VARIABLE: &str = "POLARS_MAX_THREADS";

/// Lets the engine have as many threads as a run may that has so many bytes. Once for the process: the engine keeps its threads.
pub(crate) fn choose(soft: u64) {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        let (cores, most) = (cores(), most(soft));
        if most >= cores || std::env::var_os(VARIABLE).is_some() {
            return;
        }
        // It takes as many as there are cores for the thread that asks it first, or as the variable says, which nobody may set while other
        // threads are there.
        if let Some(taken) = on_cores(most, || polars_config::config().max_threads()) {
            tracing::debug!("the engine takes {taken} threads, of {cores} cores, for what the run may take of memory");
        }
    });
}

/// Threads for a budget.
fn most(soft: u64) -> usize {
    usize::try_from(soft / PER_THREAD).unwrap_or(usize::MAX).max(LEAST)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does something on a thread for which there are at most so many cores. None where there is no thread to be had.
fn on_cores<T: Send>(most: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|threads| {
        let work = move || {
            keep_cores(most);
            work()
        };
        std::thread::Builder::new().name("pype-cores".to_owned()).spawn_scoped(threads, work).ok()?.join().ok()
    })
}

/// Leaves the calling thread this many of its cores, and no other thread is touched. Where the system refuses, it keeps them all.
#[cfg(target_os = "linux")]
fn keep_cores(most: usize) {
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: a set of cores is an array of bits, all of which may be zero; the calls read and write one of this size, and bits are asked for
    // within it.
    unsafe {
        let mut has: libc::cpu_set_t = std::mem::zeroed();
        let mut keeps: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size, &raw mut has) == 0 {
            let cores = (0..8 * size).filter(|core| libc::CPU_ISSET(*core, &has));
            cores.take(most).for_each(|core| libc::CPU_SET(core, &mut keeps));
            let _ = libc::sched_setaffinity(0, size, &raw const keeps);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn keep_cores(_: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_budget_has_few_threads() {
        let threads = [0, 64 << 20, 256_000_000, 512_000_000, 1_000_000_000, 1 << 40].map(most);
        assert_eq!(threads, [2, 2, 2, 4, 7, 8589]);
    }

    #[test]
    fn only_the_thread_that_asks_has_fewer_cores() {
        let before = cores();
        assert_eq!(on_cores(1, cores), Some(1));
        assert_eq!(on_cores(before, cores), Some(before));
        assert_eq!(cores(), before);
    }
}
