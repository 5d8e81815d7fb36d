//! Filters beside those of the template library: dates and paths.
//!
//! `{{ run.started_at | date('%Y-%m-%d', 'Europe/Berlin') }}`, `{{ run.started_at | date_add(days=-1) }}`,
//! `{{ iter.item.path | stem }}`.

use crate::scalar;
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use minijinja::value::{Kwargs, Rest, Serde, Value, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, filters};
use std::path::Path;

/// The form of a date where none is asked for.
const DATE: &str = "%Y-%m-%d";

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("date", date);
    environment.add_filter("date_add", date_add);
    environment.add_filter("timestamp", timestamp);
    environment.add_filter("basename", |path: &str| part(path, Path::file_name));
    environment.add_filter("stem", |path: &str| part(path, Path::file_stem));
    environment.add_filter("extension", |path: &str| part(path, Path::extension));
    environment.add_filter("dirname", dirname);
    environment.add_filter("path_join", path_join);
    environment.add_filter("typed", typed);
    bound(environment);
}

/// Largest width or count that a filter takes: more would fill the machine's memory in one step, which costs next to no fuel.
const WIDEST: usize = 10_000;

/// Takes away, or bounds, what makes much of little in one step. Values that grow from turn to turn of a loop need `namespace`.
fn bound(environment: &mut Environment<'_>) {
    environment.remove_global("namespace");
    environment.add_filter("indent", |text: &str, width: Option<usize>, first: Option<bool>| {
        let width = fits("indent", width.unwrap_or(4))?;
        let (padding, mut lines) = (" ".repeat(width), Vec::new());
        for (at, line) in text.lines().enumerate() {
            let is_indented = !line.is_empty() && (at > 0 || first.unwrap_or(false));
            lines.push(if is_indented { format!("{padding}{line}") } else { line.to_owned() });
        }
        Ok::<_, Error>(lines.join("\n"))
    });
    environment.add_filter("batch", |state: &State<'_, '_>, value: Value, count: usize, fill: Option<Value>| {
        filters::batch(state, value, fits("batch", count)?, fill)
    });
    environment.add_filter("slice", |state: &State<'_, '_>, value: Value, count: usize, fill: Option<Value>| {
        filters::slice(state, value, fits("slice", count)?, fill)
    });
    environment.add_filter("format", |state: &mut State<'_, '_>, form: &Value, values: Rest<ValueOrKwargs>| {
        let digits = form.as_str().unwrap_or_default().split(|c: char| !c.is_ascii_digit());
        for width in digits.filter(|digits| !digits.is_empty()) {
            fits("format", width.parse().unwrap_or(usize::MAX))?;
        }
        filters::format(state, form, values)
    });
}

fn fits(filter: &str, n: usize) -> Result<usize, Error> {
    if n <= WIDEST { Ok(n) } else { Err(wrong(format!("`{filter}` goes up to {WIDEST}"))) }
}

fn wrong(text: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, text)
}

/// A moment as templates hold it: RFC 3339, a date, a date and a time (both in UTC), or seconds since 1970.
fn moment(value: &Value) -> Result<Zoned, Error> {
    if let Ok(seconds) = i64::try_from(value.clone()) {
        let at = Timestamp::from_second(seconds).map_err(|error| wrong(format!("`{value}` is no time: {error}")))?;
        return Ok(at.to_zoned(TimeZone::UTC));
    }
    let text = value.as_str().unwrap_or_default().trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.to_zoned(TimeZone::UTC));
    }
    let at = text.parse::<civil::DateTime>().or_else(|_| text.parse::<civil::Date>().map(|date| date.at(0, 0, 0, 0)));
    at.and_then(|at| at.to_zoned(TimeZone::UTC))
        .map_err(|_| wrong(format!("`{value}` is no date and no time, as 2026-11-21 or 2026-11-21T09:41:05Z")))
}

/// `date(format, zone)`: a text by the signs of strftime.
fn date(value: &Value, format: Option<&str>, zone: Option<&str>) -> Result<String, Error> {
    let mut at = moment(value)?;
    if let Some(zone) = zone {
        at = at.in_tz(zone).map_err(|_| wrong(format!("`{zone}` is no time zone, as `Europe/Berlin`")))?;
    }
    let format = format.unwrap_or(DATE);
    jiff::fmt::strtime::format(format, &at).map_err(|error| wrong(format!("`{format}` is no form of a date: {error}")))
}

/// So many of a unit.
type ToSpan = fn(i64) -> Result<Span, jiff::Error>;

/// `date_add(years, months, weeks, days, hours, minutes, seconds)`: a date stays a date, anything else becomes RFC 3339.
fn date_add(value: &Value, units: Kwargs) -> Result<String, Error> {
    let mut at = moment(value)?;
    let by_name: [(&str, ToSpan); 7] = [
        ("years", |n| Span::new().try_years(n)),
        ("months", |n| Span::new().try_months(n)),
        ("weeks", |n| Span::new().try_weeks(n)),
        ("days", |n| Span::new().try_days(n)),
        ("hours", |n| Span::new().try_hours(n)),
        ("minutes", |n| Span::new().try_minutes(n)),
        ("seconds", |n| Span::new().try_seconds(n)),
    ];
    // One after another: a span of several units has one sign for all.
    for (unit, span) in by_name {
        if let Some(n) = units.get::<Option<i64>>(unit)? {
            let moved = span(n).and_then(|span| at.checked_add(span));
            at = moved.map_err(|error| wrong(format!("{unit}={n}: {error}")))?;
        }
    }
    units.assert_all_used()?;
    let is_date =
        value.as_str().is_some_and(|text| text.trim().parse::<Timestamp>().is_err() && !text.contains([':', 'T']));
    Ok(if is_date { at.date().to_string() } else { at.timestamp().to_string() })
}

/// Seconds since 1970.
fn timestamp(value: &Value) -> Result<i64, Error> {
    moment(value).map(|at| at.timestamp().as_second())
}

/// `typed`: a text as YAML reads it without quotes, so that a variable of the environment can be a number.
fn typed(value: Value) -> Value {
    let text = value.as_str().map(str::to_owned);
    text.map_or(value, |text| Value::from(Serde(scalar::of_variable(text))))
}

fn part(path: &str, of: fn(&Path) -> Option<&std::ffi::OsStr>) -> String {
    of(Path::new(path)).map_or_else(String::new, |part| part.to_string_lossy().into_owned())
}

fn dirname(path: &str) -> String {
    Path::new(path).parent().map_or_else(String::new, |folder| folder.display().to_string())
}

/// `path_join('b', 'c')`: parts one below the other; an absolute one begins anew.
fn path_join(path: &str, parts: Rest<String>) -> String {
    parts.iter().fold(Path::new(path).to_path_buf(), |path, part| path.join(part)).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str) -> String {
        let mut environment = Environment::new();
        add_to(&mut environment);
        match environment.render_str(text, ()) {
            Ok(text) => text,
            Err(error) => format!("error: {}", error.detail().unwrap_or_default()),
        }
    }

    #[test]
    fn dates_are_written_in_any_form_and_zone() {
        for (text, expected) in [
            ("{{ '2026-11-21T23:41:05Z' | date }}", "2026-11-21"),
            ("{{ '2026-11-21T23:41:05Z' | date('%Y%m%d_%H%M', 'Europe/Berlin') }}", "20261122_0041"),
            ("{{ '2026-03-01' | date_add(days=-1) }}", "2026-02-28"),
            ("{{ '2026-01-31' | date_add(months=1) | date('%d.%m.%y') }}", "28.02.26"),
            ("{{ '2026-11-21T09:00:00Z' | date_add(hours=-10, minutes=30) }}", "2026-11-20T23:30:00Z"),
            ("{{ 86400 | date }} {{ '1970-01-02' | timestamp }}", "1970-01-02 86400"),
        ] {
            assert_eq!(render(text), expected, "{text}");
        }
        for wrong in
            ["{{ 'soon' | date }}", "{{ 1 | date('%Y', 'Nowhere/Land') }}", "{{ '2026-01-01' | date_add(day=1) }}"]
        {
            assert!(render(wrong).starts_with("error:"), "{wrong}");
        }
    }

    #[test]
    fn paths_are_taken_apart_and_put_together() {
        let text = "{{ p | basename }} {{ p | stem }} {{ p | extension }} {{ p | dirname }} {{ 'a' | path_join('b', 'c.csv') }}";
        assert_eq!(render(&text.replace("p |", "'in/x.tar.gz' |")), "x.tar.gz x.tar gz in a/b/c.csv");
    }
}
