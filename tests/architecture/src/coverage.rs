//! The page that says what of the specification is there, `docs/spec-coverage.md`, as the rows of its tables.

/// Where the page is.
pub const PAGE: &str = "docs/spec-coverage.md";

/// The header of every table of the page.
pub const HEADER: [&str; 4] = ["asked", "in pype", "state", "shown by"];

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line, from 1.
    pub line: usize,
    /// What the specification asks for.
    pub asked: String,
    /// What pype does.
    pub does: String,
    /// `done`, or `open: ` with the reason.
    pub state: String,
    /// Tests and files, separated by commas, each between backticks.
    pub shown: String,
}

/// All rows of a page, and what is wrong with its tables.
pub fn rows(page: &str) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    // How many lines of a table stand before this one.
    let mut above = 0_usize;
    for (line, text) in (1..).zip(page.lines().map(str::trim)) {
        if !text.starts_with('|') {
            above = 0;
            continue;
        }
        let cells = cells(text);
        match <[String; 4]>::try_from(cells) {
            Ok(cells) if above == 0 && cells != HEADER => {
                wrong.push(format!("{PAGE}:{line} begins a table that is not `{}`", HEADER.join(" | ")));
            }
            Ok(cells) if above == 1 && !cells.iter().all(|cell| is_rule(cell)) => {
                wrong.push(format!("{PAGE}:{line} is no line of dashes below the header"));
            }
            Ok([asked, does, state, shown]) if above > 1 => rows.push(Row { line, asked, does, state, shown }),
            Ok(_) => {}
            Err(cells) => wrong.push(format!("{PAGE}:{line} has {} cells, and not {}", cells.len(), HEADER.len())),
        }
        above += 1;
    }
    (rows, wrong)
}

fn is_rule(cell: &str) -> bool {
    cell.contains('-') && cell.trim_matches(':').bytes().all(|byte| byte == b'-')
}

/// The cells of a line of a table; `\|` is a bar within one.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_escaped = false;
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = inner.strip_suffix('|').filter(|inner| !inner.ends_with('\\')).unwrap_or(inner);
    for char in inner.chars() {
        match (char, cells.last_mut()) {
            ('|', _) if !is_escaped => cells.push(String::new()),
            (_, Some(cell)) => {
                if char == '|' {
                    cell.pop();
                }
                cell.push(char);
            }
            (_, None) => {}
        }
        is_escaped = char == '\\';
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE_OF_TEST: &str = "# Page\n\n| asked | in pype | state | shown by |\n| --- | --- | --- | --- |\n\
                                | `(a\\|b)` | reads it | done | `x::y` |\n| more | | open: later | |\n\nWords.\n";

    #[test]
    fn rows_have_their_cells_and_lines() {
        let (rows, wrong) = rows(PAGE_OF_TEST);
        assert_eq!(wrong, [""; 0]);
        let row = |line, cells: [&str; 4]| {
            let [asked, does, state, shown] = cells.map(str::to_owned);
            Row { line, asked, does, state, shown }
        };
        let expected = [row(5, ["`(a|b)`", "reads it", "done", "`x::y`"]), row(6, ["more", "", "open: later", ""])];
        assert_eq!(rows, expected);
    }

    #[test]
    fn tables_of_another_form_are_found() {
        let of = |page: &str| rows(page).1;
        assert_eq!(of(&PAGE_OF_TEST.replace("| state |", "| status |")).len(), 1, "another header");
        assert_eq!(of(&PAGE_OF_TEST.replace(" | done |", " |")), ["docs/spec-coverage.md:5 has 3 cells, and not 4"]);
        let gone = PAGE_OF_TEST.replace("| --- | --- | --- | --- |\n", "");
        assert_eq!(of(&gone), ["docs/spec-coverage.md:4 is no line of dashes below the header"]);
        assert_eq!(of("| a |\n"), ["docs/spec-coverage.md:1 has 1 cells, and not 4"]);
    }
}
