//! Times as the index keeps them (RFC 3339 in UTC, and seconds since 1970 to compare by) and as people write and read them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Seconds since 1970 of an RFC 3339 text.
pub fn seconds(rfc3339: &str) -> Option<i64> {
    rfc3339.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// The same with its fractions.
pub(crate) fn exact(rfc3339: &str) -> Option<f64> {
    rfc3339.parse::<Timestamp>().ok().map(|at| at.as_duration().as_secs_f64())
}

/// The RFC 3339 text, in UTC, of seconds since 1970.
pub fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// Seconds since 1970, now.
pub fn now() -> f64 {
    Timestamp::now().as_duration().as_secs_f64()
}

/// An RFC 3339 text as the clock on the wall says it: `2026-11-21 16:24:46`. A text that is no time stays as it is.
pub fn local(rfc3339: &str) -> String {
    let zoned = rfc3339.parse::<Timestamp>().map(|at| at.to_zoned(TimeZone::system()));
    zoned.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// The name has the form of a run's id.
pub(crate) fn is_run_id(name: &str) -> bool {
    let bytes = name.as_bytes();
    let (Some((time, rest)), Some(b'T')) = (bytes.split_at_checked(15), bytes.get(8)) else { return false };
    let are_digits = time.iter().enumerate().all(|(at, byte)| at == 8 || byte.is_ascii_digit());
    are_digits && rest.len() > 1 && rest.first() == Some(&b'-') && rest.iter().skip(1).all(u8::is_ascii_alphanumeric)
}

/// When a run began, by its id: `20261121T162446-54d905`. None for a name that is no run's id.
pub fn of_run_id(run_id: &str) -> Option<i64> {
    let time = run_id.get(..15).filter(|_| is_run_id(run_id))?;
    let at = DateTime::strptime("%Y%m%dT%H%M%S", time).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// The time that `7d`, `12h`, `30m`, `2w` (ago) or `2026-11-01` (local midnight) mean, in seconds since 1970.
pub fn since(text: &str) -> Result<i64, String> {
    const HELP: &str = "write it as 30m, 12h, 7d, 2w or 2026-11-01";
    let text = text.trim();
    if let Ok(date) = text.parse::<Date>() {
        let midnight = date.to_zoned(TimeZone::system()).map_err(|_| HELP.to_owned())?;
        return Ok(midnight.timestamp().as_second());
    }
    let unit = text.chars().last().unwrap_or_default();
    let hours = match unit {
        'm' => None,
        'h' => Some(1),
        'd' => Some(24),
        'w' => Some(24 * 7),
        _ => return Err(HELP.to_owned()),
    };
    let number = text.strip_suffix(unit).and_then(|number| number.parse::<u32>().ok()).ok_or(HELP)?;
    let number = i64::from(number);
    let ago =
        hours.map_or_else(|| SignedDuration::from_mins(number), |hours| SignedDuration::from_hours(number * hours));
    let then = Timestamp::now().checked_sub(ago).map_err(|_| HELP.to_owned())?;
    Ok(then.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        let at = seconds("2026-11-21T16:24:46Z").unwrap();
        assert_eq!(rfc3339(at), "2026-11-21T16:24:46Z");
        assert_eq!(of_run_id("20261121T162446-54d905"), Some(at));
        assert_eq!(seconds("2026-11-21T17:24:46+01:00"), Some(at));
        assert_eq!(local("no time"), "no time");
        for name in ["", "notes", "20261121T162446", "20261121T162446-", "20261121T162446-a/b", "20269921T162446-aa"] {
            assert_eq!(of_run_id(name), None, "{name}");
        }
    }

    #[test]
    fn since_takes_spans_and_dates() {
        let ago = now() as i64 - since("7d").unwrap();
        assert!((ago - 7 * 86_400).abs() < 60);
        assert!(since("90m").unwrap() > since("2h").unwrap());
        assert!(since("2w").unwrap() < since("13d").unwrap());
        assert!((since("2026-11-01").unwrap() - seconds("2026-11-01T00:00:00Z").unwrap()).abs() <= 14 * 3600);
        for text in ["", "7", "d", "7y", "2026-13-01", "-7d", "7 d", "99999999999w", "4294967295w", "é"] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
