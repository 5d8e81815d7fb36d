//! What a moving count says in words: how many, how fast, how long still.

use crate::render::grouped;
use std::time::Duration;

/// `12 s`, `3 min 5 s`, `2 h 10 min`.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// How much of what is expected is there, in percent, and the time that the rest will take; none where nothing was expected, where
/// more has come than that, or where nothing moves.
pub fn rest(done: u64, expected: Option<u64>, rate: f64) -> Option<(u64, Duration)> {
    let expected = expected.filter(|expected| *expected > done && done > 0 && rate > 0.0)?;
    let seconds = (expected - done) as f64 / rate;
    let percent = u64::try_from(u128::from(done) * 100 / u128::from(expected)).unwrap_or(100);
    Some((percent, Duration::try_from_secs_f64(seconds).ok()?))
}

/// `1,200,000 rows, 340,000 rows/s, 43 %, about 12 s left`.
pub fn count(done: u64, what: &str, rate: f64, expected: Option<u64>) -> String {
    let mut text = format!("{} {what}, {} {what}/s", grouped(done), grouped(rate.max(0.0) as u64));
    if let Some((percent, left)) = rest(done, expected, rate) {
        text.push_str(&format!(", {percent} %, about {} left", time(left)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_say_what_is_known() {
        assert_eq!(count(1_200_000, "rows", 340_000.4, None), "1,200,000 rows, 340,000 rows/s");
        assert_eq!(count(500, "rows", 100.0, Some(1500)), "500 rows, 100 rows/s, 33 %, about 10 s left");
        assert_eq!(count(2000, "rows", 100.0, Some(1500)), "2,000 rows, 100 rows/s");
        assert_eq!(count(0, "items", 0.0, Some(10)), "0 items, 0 items/s");
        assert_eq!(time(Duration::from_secs(7505)), "2 h 5 min");
    }
}
