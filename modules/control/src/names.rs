//! The names that a flow gives to caches and variables: one rule each, for all modules that take them.

use pypeline_sdk::prelude::*;

/// A cache's name. It becomes part of file names, so that nothing but plain characters will do.
pub fn cache(key: &str, name: &str) -> Result<()> {
    let help = "begin with a letter, and go on with letters, digits, `_`, `.` and `-`";
    check("a cache", key, name, help, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// A variable's name: what a template can use.
pub fn variable(key: &str, name: &str) -> Result<()> {
    let help = "begin with a letter, and go on with letters, digits and `_`";
    check("a variable", key, name, help, |c| c.is_ascii_alphanumeric() || c == '_')
}

fn check(whose: &str, key: &str, name: &str, help: &str, fits: fn(char) -> bool) -> Result<()> {
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(Error::config(format!("`{name}` is no name of {whose}")).with("key", key).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["a", "Orders", "orders_2.new-ones"] {
            assert!(cache("cache", good).is_ok(), "{good}");
        }
        for bad in ["", "2nd", "_a", ".a", "a b", "../a", "a/b", "é", "a\n"] {
            assert!(cache("cache", bad).is_err(), "{bad}");
        }
        assert!(variable("vars", "last_Id2").is_ok());
        for bad in ["", "_a", "a.b", "a-b", "1a"] {
            assert!(variable("vars", bad).is_err(), "{bad}");
        }
    }
}
