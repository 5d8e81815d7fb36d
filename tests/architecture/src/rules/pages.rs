//! Pages tell the truth: no gap that was to be filled in later stands in one that is committed.

use crate::tree::File;

/// Marks of a gap: words that no page has another use for.
const GAPS: [&str; 4] = ["@@", "_SCREEN", "FIXME", "XXX"];

/// Gaps, each with its line.
pub fn gaps(pages: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for page in pages {
        for (at, line) in page.text.lines().enumerate() {
            if let Some(gap) = GAPS.into_iter().find(|gap| line.contains(gap)) {
                found.push(format!("{}:{}: `{gap}` is a gap to be filled in", page.path, at + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_found_with_its_line() {
        let pages = [File::new("a.md", "# A\n\n@@RUNS@@\n"), File::new("b.md", "whole\n")];
        assert_eq!(gaps(&pages), ["a.md:3: `@@` is a gap to be filled in"]);
    }
}
