//! "Did you mean …": the nearest of the names that are there.

use strsim::damerau_levenshtein;

/// The candidate nearest to `word`, if it is near enough to be a slip of the pen.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let limit = (word.chars().count() / 3).min(3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between two names; a name that begins with the other counts as near.
fn distance(word: &str, candidate: &str) -> usize {
    if word.len() >= 3 && (candidate.starts_with(word) || word.starts_with(candidate)) {
        return 1;
    }
    damerau_levenshtein(word, candidate)
}

/// A help line: the nearest name, else all that there are.
pub fn help(word: &str, what: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if candidates.is_empty() => format!("there are no {what}"),
        None => format!("{what}: {}", list(candidates)),
    }
}

/// Names in backticks with commas; long lists are cut.
pub fn list(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        assert_eq!(nearest("csv_sorce", ["csv_source", "csv_sink"]), Some("csv_source"));
        assert_eq!(nearest("Condition", ["condition"]), Some("condition"));
        assert_eq!(nearest("kafka_source", ["csv_source", "csv_sink"]), None);
        assert_eq!(help("x", "ports", &["data", "reject"]), "ports: `data`, `reject`");
    }
}
