//! Days and times from texts of one form each, read strictly: what is not a date is never taken for one.

const MICROSECONDS_OF_DAY: i64 = 86_400_000_000;

/// `YYYY-MM-DD` as days since 1970-01-01.
pub fn date(text: &str) -> Option<i32> {
    let [year, month, day] = split(text, '-')?;
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years begin in March here, so that a leap day ends its year (Hinnant, "chrono-compatible low-level date
    // algorithms").
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    i32::try_from(year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468).ok()
}

/// `YYYY-MM-DD HH:MM:SS`, also with `T` between and up to 6 digits of a second's fraction, as microseconds since
/// 1970-01-01.
pub fn datetime(text: &str) -> Option<i64> {
    let (day, time) = text.split_once([' ', 'T'])?;
    Some(i64::from(date(day)?) * MICROSECONDS_OF_DAY + time_of_day(time, 6)?)
}

/// `HH:MM:SS`, also with up to 9 digits of a second's fraction, as nanoseconds since midnight.
pub fn time(text: &str) -> Option<i64> {
    time_of_day(text, 9)
}

/// A time of day in the unit that has `digits` decimal places of a second.
fn time_of_day(text: &str, digits: usize) -> Option<i64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if (1..=digits).contains(&fraction.len()) => (whole, fraction),
        Some(_) => return None,
        None => (text, "0"),
    };
    let [hours, minutes, seconds] = split(whole, ':')?;
    let (hours, minutes, seconds) = (number(hours, 2)?, number(minutes, 2)?, number(seconds, 2)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let power = |digits: usize| u32::try_from(digits).ok().map(|digits| 10_i64.pow(digits));
    let fraction = number(fraction, fraction.len())? * power(digits - fraction.len())?;
    Some((hours * 3600 + minutes * 60 + seconds) * power(digits)? + fraction)
}

fn split(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.split(separator);
    let all = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(all)
}

/// A number of so many digits, and nothing else: no sign, no space.
fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2026-11-21", 20_778),
            ("0000-03-01", -719_468),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(date(text), Some(days), "{text}");
        }
        for bad in [
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-1-1",
            "26-01-01",
            "2026-01-01 ",
            "+026-01-01",
        ] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_have_their_fraction() {
        assert_eq!(datetime("1970-01-02T00:00:01.5"), Some(MICROSECONDS_OF_DAY + 1_500_000));
        assert_eq!(datetime("1969-12-31 23:59:59.999999"), Some(-1));
        assert_eq!(time("23:59:59.000000001"), Some(86_399_000_000_001));
        assert_eq!(time("00:00:00"), Some(0));
        for bad in ["24:00:00", "12:60:00", "12:00", "12:00:00.", "12:00:00.1234567890", "12:00:00Z", "12:00:-1"] {
            assert_eq!(time(bad), None, "{bad}");
        }
        for bad in ["2026-01-01", "2026-01-01 12:00:00.1234567", "2026-01-01T12:00:00Z", "2026-01-01  12:00:00"] {
            assert_eq!(datetime(bad), None, "{bad}");
        }
    }
}
