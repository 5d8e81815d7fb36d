//! Many trials, two at a time: all that fail are told, and after a few nobody wants to see more.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads in a loop of trials: the project is tested on machines with two cores.
const THREADS: usize = 2;
/// After so many failures a loop ends.
const ENOUGH: usize = 5;

/// Does `work` with each item. Gives what it made, in the order of the items.
///
/// # Panics
/// If any item failed: with the failures, one after another.
pub fn each<T: Sync, R: Send>(what: &str, items: &[T], work: impl Fn(&T) -> Result<R, String> + Sync) -> Vec<R> {
    let (made, failures) = tried(items, ENOUGH, work);
    assert!(failures.is_empty(), "{what}: {} failed:\n{}", failures.len(), failures.join("\n"));
    made
}

/// Does `work` with each item until one fails.
pub fn until_one_fails<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let (made, failures) = tried(items, 1, work);
    failures.into_iter().next().map_or(Ok(made), Err)
}

fn tried<T: Sync, R: Send>(
    items: &[T],
    enough: usize,
    work: impl Fn(&T) -> Result<R, String> + Sync,
) -> (Vec<R>, Vec<String>) {
    let next = AtomicUsize::new(0);
    let made: Mutex<Vec<(usize, R)>> = Mutex::default();
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(items.len()) {
            scope.spawn(|| {
                while failures.lock().unwrap().len() < enough {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    match work(item) {
                        Ok(result) => made.lock().unwrap().push((at, result)),
                        Err(failure) => failures.lock().unwrap().push(failure),
                    }
                }
            });
        }
    });
    let mut made = made.into_inner().unwrap();
    made.sort_by_key(|(at, _)| *at);
    (made.into_iter().map(|(_, result)| result).collect(), failures.into_inner().unwrap())
}

#[test]
fn failures_are_told_and_results_keep_their_order() {
    assert_eq!(each("doubling", &[3, 1, 2], |n| Ok(n * 2)), [6, 2, 4]);
    let items: Vec<usize> = (0..100).collect();
    let (made, failures) = tried(&items, ENOUGH, |n| if n % 2 == 0 { Err(format!("{n} is even")) } else { Ok(*n) });
    assert!(failures.len() >= ENOUGH && made.len() < 20, "it went on after {} failures", failures.len());
    assert_eq!(
        until_one_fails(&items, |n| if *n == 7 { Err("seven".to_owned()) } else { Ok(()) }),
        Err("seven".to_owned())
    );
}
