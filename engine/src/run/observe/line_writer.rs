//! Lines for somebody who may not read them: written by a thread of their own, so that a reader who stalls stalls nobody.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant};

/// Lines that may wait to be written.
const WAITING: usize = 65_536;

/// How long a run waits for a reader who has fallen so far behind; and at its end, for the rest.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes whole lines, one per call.
pub struct LineWriter {
    lines: Option<SyncSender<Vec<u8>>>,
    ended: Receiver<()>,
    has_stalled: bool,
}

impl LineWriter {
    /// Lines for `writer`.
    pub fn new(mut writer: Box<dyn Write + Send>) -> std::io::Result<Self> {
        let (lines, receiver) = sync_channel::<Vec<u8>>(WAITING);
        let (over, ended) = channel();
        let write = move || {
            while let Ok(line) = receiver.recv() {
                let more = receiver.try_iter().flatten();
                let block: Vec<u8> = line.into_iter().chain(more).collect();
                // A reader that has gone away wants no more of it.
                if writer.write_all(&block).and_then(|()| writer.flush()).is_err() {
                    break;
                }
            }
            drop(over);
        };
        std::thread::Builder::new().name("pype-events".to_owned()).spawn(write)?;
        Ok(Self { lines: Some(lines), ended, has_stalled: false })
    }
}

impl Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let Some(lines) = &self.lines else { return Ok(bytes.len()) };
        let (mut line, began) = (bytes.to_vec(), Instant::now());
        loop {
            line = match lines.try_send(line) {
                Ok(()) => {
                    self.has_stalled = false;
                    return Ok(bytes.len());
                }
                Err(TrySendError::Disconnected(_)) => {
                    self.lines = None;
                    return Ok(bytes.len());
                }
                Err(TrySendError::Full(line)) => line,
            };
            if self.has_stalled || began.elapsed() > PATIENCE {
                self.has_stalled = true;
                return Err(std::io::Error::new(std::io::ErrorKind::WouldBlock, "nobody reads it"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        drop(self.lines.take());
        let waited = self.ended.recv_timeout(PATIENCE);
        if waited == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the last events were not read, and are not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_lines_are_there_in_their_order_at_the_end() {
        let sink = Shared::default();
        let mut writer = LineWriter::new(Box::new(sink.clone())).unwrap();
        for n in 0..1000 {
            writer.write_all(format!("{n}\n").as_bytes()).unwrap();
        }
        drop(writer);
        let expected: String = (0..1000).map(|n| format!("{n}\n")).collect();
        assert_eq!(*sink.0.lock().unwrap(), expected.into_bytes());
    }
}
