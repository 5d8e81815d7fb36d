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

/// Time below which nobody can say how long the rest will take.
const TOO_SOON: Duration = Duration::from_secs(1);

/// How much of what is expected is there, in percent, and the time that the rest will take if it goes on as it has so far; none
/// where nothing was expected, or where more has come than that.
pub fn rest(done: u64, expected: Option<u64>, elapsed: Duration) -> Option<(u64, Option<Duration>)> {
    let expected = expected.filter(|expected| *expected > done && done > 0)?;
    let percent = u64::try_from(u128::from(done) * 100 / u128::from(expected)).unwrap_or(100);
    let left = Duration::try_from_secs_f64(elapsed.as_secs_f64() * (expected - done) as f64 / done as f64);
    Some((percent, left.ok().filter(|_| elapsed >= TOO_SOON)))
}

/// `43 %, about 12 s left`.
pub fn left((percent, left): (u64, Option<Duration>)) -> String {
    match left {
        Some(left) => format!("{percent} %, about {} left", time(left + Duration::from_millis(500))),
        None => format!("{percent} %"),
    }
}

/// `1,200,000 rows, 340,000 rows/s, 43 %, about 12 s left`.
pub fn count(done: u64, what: &str, elapsed: Duration, expected: Option<u64>) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let mut text = format!("{} {what}, {} {what}/s", grouped(done), grouped(rate as u64));
    if let Some(found) = rest(done, expected, elapsed) {
        text.push_str(&format!(", {}", left(found)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_say_what_is_known() {
        let after = Duration::from_secs;
        assert_eq!(count(1_200_000, "rows", after(4), None), "1,200,000 rows, 300,000 rows/s");
        assert_eq!(count(500, "rows", after(5), Some(1500)), "500 rows, 100 rows/s, 33 %, about 10 s left");
        assert_eq!(count(500, "rows", Duration::from_millis(500), Some(1500)), "500 rows, 1,000 rows/s, 33 %");
        assert_eq!(count(2000, "rows", after(20), Some(1500)), "2,000 rows, 100 rows/s");
        assert_eq!(count(0, "items", after(3), Some(10)), "0 items, 0 items/s");
        assert_eq!(time(after(7505)), "2 h 5 min");
    }
}
