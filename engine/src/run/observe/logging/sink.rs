//! A place where lines go, written by a thread of its own: whoever says something only puts it down, and never waits.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that may wait; more are dropped and counted.
const ROOM: usize = 4 << 20;

/// The same where the line is a warning or a failure.
const ROOM_FOR_WARNINGS: usize = 5 << 20;

/// Bytes from which what waits is written at once.
const BLOCK: usize = 256 << 10;

/// Bytes of an idle buffer.
const IDLE: usize = 64 << 10;

/// What a writer writes to.
pub(super) trait Destination: Send {
    /// Writes whole lines, or fails.
    fn write(&mut self, lines: &[u8]) -> io::Result<()>;
}

/// What is said when lines are lost.
pub(super) struct Words {
    /// A line, with its end, that tells where this many lines are missing.
    pub gap: Box<dyn Fn(u64) -> Vec<u8> + Send>,
    /// Tells elsewhere that nothing can be written; called once.
    pub failed: Box<dyn Fn(&io::Error) + Send>,
}

/// Takes lines. Dropped, it writes what waits, and its thread ends.
pub(super) struct Sink {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Rung for the writer.
    work: Condvar,
    /// Rung by the writer when it has nothing to do.
    rest: Condvar,
}

#[derive(Default)]
struct State {
    buffer: Vec<u8>,
    /// Lines in it.
    n_lines: u64,
    /// Lines that were not written, and that nobody has been told of.
    lost: u64,
    is_urgent: bool,
    is_busy: bool,
    is_closed: bool,
}

impl Sink {
    /// A sink, whose lines are written at the latest `linger` after they are said, if the destination takes them.
    pub(super) fn new(destination: Box<dyn Destination>, linger: Duration, words: Words) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), rest: Condvar::new() });
        let writer = Arc::clone(&shared);
        let write = move || writer.write(destination, linger, &words);
        if std::thread::Builder::new().name("pype-log".to_owned()).spawn(write).is_err() {
            shared.lock().is_closed = true;
        }
        Self { shared }
    }

    /// Puts a line down, with its end.
    pub(super) fn push(&self, line: &[u8], is_warning: bool) {
        let mut state = self.shared.lock();
        let room = if is_warning { ROOM_FOR_WARNINGS } else { ROOM };
        if state.is_closed || state.buffer.len() + line.len() > room {
            state.lost += 1;
            return;
        }
        let was_empty = state.buffer.is_empty();
        state.buffer.extend_from_slice(line);
        state.n_lines += 1;
        let is_urgent = is_warning || state.buffer.len() >= BLOCK;
        let becomes_urgent = is_urgent && !state.is_urgent;
        state.is_urgent |= is_urgent;
        drop(state);
        if was_empty || becomes_urgent {
            self.shared.work.notify_one();
        }
    }

    /// What waits is to be written now. Does not wait for it.
    pub(super) fn hurry(&self) {
        let mut state = self.shared.lock();
        state.is_urgent = !state.buffer.is_empty();
        drop(state);
        self.shared.work.notify_one();
    }

    /// Waits until all is written, and no longer than `patience`. Tells how many lines are lost, once.
    pub(super) fn settle(&self, patience: Duration) -> u64 {
        let last = Instant::now() + patience;
        self.hurry();
        let mut state = self.shared.lock();
        while !state.is_closed && (state.is_busy || !state.buffer.is_empty()) {
            let left = last.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.shared.rest.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::take(&mut state.lost)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.work.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines, and a little longer for more of them. None when there will be none.
    fn next(&self, linger: Duration, block: &mut Vec<u8>) -> Option<u64> {
        let mut state = self.lock();
        state.is_busy = false;
        self.rest.notify_all();
        while state.buffer.is_empty() && !state.is_closed {
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let last = Instant::now() + linger;
        while !state.is_urgent && !state.is_closed {
            let left = last.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.buffer.is_empty() {
            return None;
        }
        std::mem::swap(&mut state.buffer, block);
        state.is_urgent = false;
        state.is_busy = true;
        Some(std::mem::take(&mut state.n_lines))
    }

    fn write(&self, mut destination: Box<dyn Destination>, linger: Duration, words: &Words) {
        let (mut block, mut has_failed) = (Vec::new(), false);
        while let Some(n_lines) = self.next(linger, &mut block) {
            let lost = self.lock().lost;
            let gap = if lost > 0 { destination.write(&(words.gap)(lost)) } else { Ok(()) };
            if gap.is_ok() {
                let mut state = self.lock();
                state.lost = state.lost.saturating_sub(lost);
            }
            if let Err(error) = gap.and_then(|()| destination.write(&block)) {
                self.lock().lost += n_lines;
                if !std::mem::replace(&mut has_failed, true) {
                    (words.failed)(&error);
                }
            }
            block.clear();
            block.shrink_to(IDLE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    const LONG: Duration = Duration::from_secs(60);

    #[derive(Default)]
    struct Place {
        text: Mutex<Vec<u8>>,
        is_stuck: AtomicBool,
        is_broken: AtomicBool,
        n_failed: AtomicU64,
    }

    struct To(Arc<Place>);

    impl Destination for To {
        fn write(&mut self, lines: &[u8]) -> io::Result<()> {
            while self.0.is_stuck.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(1));
            }
            if self.0.is_broken.load(Ordering::Acquire) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.text.lock().unwrap().extend_from_slice(lines);
            Ok(())
        }
    }

    fn sink() -> (Sink, Arc<Place>) {
        let place = Arc::new(Place::default());
        let failed = Arc::clone(&place);
        let words = Words {
            gap: Box::new(|n| format!("{n} missing\n").into_bytes()),
            failed: Box::new(move |_| {
                failed.n_failed.fetch_add(1, Ordering::AcqRel);
            }),
        };
        // The linger is longer than any test: what is written in time was hurried.
        (Sink::new(Box::new(To(Arc::clone(&place))), LONG, words), place)
    }

    fn text(place: &Place) -> String {
        String::from_utf8(place.text.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_warning_brings_out_all_before_it() {
        let (sink, place) = sink();
        sink.push(b"one\n", false);
        sink.push(b"two\n", true);
        let last = Instant::now() + LONG;
        while text(&place) != "one\ntwo\n" && Instant::now() < last {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(text(&place), "one\ntwo\n");
        sink.push(b"three\n", false);
        assert_eq!(sink.settle(LONG), 0);
        assert_eq!(text(&place), "one\ntwo\nthree\n");
    }

    #[test]
    fn one_that_is_stuck_holds_nobody_up_and_the_gap_is_told_in_its_place() {
        let (sink, place) = sink();
        place.is_stuck.store(true, Ordering::Release);
        let line = [vec![b'x'; 1023], vec![b'\n']].concat();
        let n = 3 * ROOM / line.len();
        for _ in 0..n {
            sink.push(&line, false);
        }
        sink.push(b"grave\n", true);
        place.is_stuck.store(false, Ordering::Release);
        while sink.settle(LONG) > 0 {}
        sink.push(b"later\n", true);
        sink.settle(LONG);
        let text = text(&place);
        let written = text.lines().filter(|line| line.starts_with('x')).count();
        assert!(text.contains("grave\n") && text.ends_with("later\n"));
        assert!(written < n && written >= ROOM / line.len(), "{written} of {n}");
    }

    #[test]
    fn lines_that_fail_are_counted_and_told_once() {
        let (sink, place) = sink();
        place.is_broken.store(true, Ordering::Release);
        for _ in 0..3 {
            sink.push(b"a\n", true);
            let last = Instant::now() + LONG;
            while place.n_failed.load(Ordering::Acquire) == 0 && Instant::now() < last {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert_eq!(sink.settle(LONG), 3);
        assert_eq!(place.n_failed.load(Ordering::Acquire), 1);
        sink.push(b"b\n", true);
        assert_eq!(sink.settle(LONG), 1);
        place.is_broken.store(false, Ordering::Release);
        sink.push(b"c\n", true);
        sink.settle(LONG);
        assert_eq!(text(&place), "c\n");
    }
}
