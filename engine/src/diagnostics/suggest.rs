//! "Did you mean …": the nearest of the names that are there.

use strsim::damerau_levenshtein;

/// Characters beyond which no word is a slip of the pen of another.
const LONGEST: usize = 100;

/// The candidate nearest to `word`, if it is near enough to be a slip of the pen.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let length = lower.chars().count();
    if length > LONGEST {
        return None;
    }
    let (limit, letters) = ((length / 3).min(3), Letters::of(&lower));
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&lower, &letters, candidate, limit)?, candidate)))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between two names; a name that begins with the other counts as near. None where a look at the letters shows that there
/// are more than `limit`: what is far away costs little, and there may be much of it.
fn distance(word: &str, letters: &Letters, candidate: &str, limit: usize) -> Option<usize> {
    let candidate = candidate.to_lowercase();
    if word.len() >= 3 && (candidate.starts_with(word) || word.starts_with(&candidate)) {
        return Some(1);
    }
    (letters.missing_in(&candidate) <= limit).then(|| damerau_levenshtein(word, &candidate))
}

/// How often each byte is in a word.
struct Letters([u8; 256]);

impl Letters {
    fn of(word: &str) -> Self {
        let mut counts = [0_u8; 256];
        for byte in word.bytes() {
            if let Some(count) = counts.get_mut(usize::from(byte)) {
                *count = count.saturating_add(1);
            }
        }
        Self(counts)
    }

    /// Letters that one of the two has more of: each edit of a word of ASCII letters mends at most one on each side.
    fn missing_in(&self, other: &str) -> usize {
        if !other.is_ascii() || self.0.iter().skip(128).any(|count| *count > 0) {
            return 0;
        }
        let mut left = self.0;
        let mut surplus = 0;
        for byte in other.bytes() {
            match left.get_mut(usize::from(byte)) {
                Some(count) if *count > 0 => *count -= 1,
                _ => surplus += 1,
            }
        }
        let lacking: usize = left.iter().map(|count| usize::from(*count)).sum();
        surplus.max(lacking)
    }
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
