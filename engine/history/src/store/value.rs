//! What goes into a database and comes out of it, in the four kinds that both have.

use pypeline_engine::secrets::net;

/// Letters of what a module said that are kept; a failure may quote a whole file.
const LONGEST: usize = 4_000;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

impl Value {
    /// A name, an id, a path: kept to the letter, lest a secret that is a part of it makes two of them one, or one of them two.
    pub(crate) fn text(text: &str) -> Self {
        // PostgreSQL's texts cannot hold a NUL.
        Self::Text(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() })
    }

    /// What a module said, which may be anything: masked and cut.
    pub(crate) fn said(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::Null };
        Self::text(&net::mask(text).chars().take(LONGEST).collect::<String>())
    }

    pub(crate) fn texts(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// A count. One above the databases' largest number is that number.
    pub(crate) fn count(n: u64) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }

    pub(crate) fn counts(n: Option<u64>) -> Self {
        n.map_or(Self::Null, Self::count)
    }

    pub(crate) fn reals(x: Option<f64>) -> Self {
        x.filter(|x| x.is_finite()).map_or(Self::Null, Self::Real)
    }

    pub(crate) fn flag(is_set: bool) -> Self {
        Self::Int(i64::from(is_set))
    }
}

/// One row, taken from the left.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next value as a number; 0 where there is none.
    pub(crate) fn int(&mut self) -> i64 {
        self.ints().unwrap_or_default()
    }

    pub(crate) fn ints(&mut self) -> Option<i64> {
        match self.0.next() {
            Some(Value::Int(n)) => Some(n),
            _ => None,
        }
    }

    pub(crate) fn count(&mut self) -> u64 {
        self.counts().unwrap_or_default()
    }

    pub(crate) fn counts(&mut self) -> Option<u64> {
        self.ints().map(|n| u64::try_from(n).unwrap_or_default())
    }

    pub(crate) fn reals(&mut self) -> Option<f64> {
        match self.0.next() {
            Some(Value::Real(x)) => Some(x),
            // SQLite gives back a whole number where it kept one.
            Some(Value::Int(n)) => Some(n as f64),
            _ => None,
        }
    }

    pub(crate) fn text(&mut self) -> String {
        self.texts().unwrap_or_default()
    }

    pub(crate) fn texts(&mut self) -> Option<String> {
        match self.0.next() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hold_no_nul_and_what_is_said_is_cut() {
        assert_eq!(Value::text("a\0b"), Value::Text("a\u{fffd}b".to_owned()));
        let Value::Text(kept) = Value::said(Some(&"é".repeat(5_000))) else { panic!() };
        assert_eq!(kept.chars().count(), LONGEST);
    }

    #[test]
    fn numbers_that_do_not_fit_are_kept_in_bounds() {
        assert_eq!(Value::count(u64::MAX), Value::Int(i64::MAX));
        assert_eq!(Value::reals(Some(f64::NAN)), Value::Null);
        let mut row = Row::new(vec![Value::Int(-1), Value::Int(2), Value::Null]);
        assert_eq!((row.count(), row.reals(), row.texts(), row.ints()), (0, Some(2.0), None, None));
    }
}
