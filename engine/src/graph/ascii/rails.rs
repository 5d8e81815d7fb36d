//! Lines at the left of a page that lead from one of its lines to a later one.

/// Rails beside one another; a link that finds no room is named at its start all the same.
const MOST: usize = 8;

/// From a line to a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rail {
    pub start: usize,
    pub end: usize,
}

/// What stands before each line.
pub(super) fn gutter(rails: &[Rail], n_lines: usize) -> Vec<String> {
    let placed = place(rails);
    let n = placed.iter().map(|(column, _)| column + 1).max().unwrap_or(0);
    let width = if n == 0 { 0 } else { 2 * n + 2 };
    let mut rows = vec![vec![b' '; width]; n_lines];
    // The innermost column is the last one.
    let at = |column: usize| 2 * (n - 1 - column);
    let mut set = |row: usize, at: usize, with: u8, over: &[u8]| {
        if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(at)).filter(|cell| over.contains(cell)) {
            *cell = with;
        }
    };
    for (column, rail) in &placed {
        for row in [rail.start, rail.end] {
            (at(*column)..width.saturating_sub(1)).for_each(|at| set(row, at, b'-', b" "));
        }
        set(rail.end, width - 2, b'>', b"-");
    }
    for (column, rail) in &placed {
        (rail.start + 1..rail.end).for_each(|row| set(row, at(*column), b'|', b" -"));
    }
    for (column, rail) in &placed {
        set(rail.start, at(*column), b'+', b" -|");
        set(rail.end, at(*column), b'+', b" -|");
    }
    rows.into_iter().map(|row| row.into_iter().map(char::from).collect()).collect()
}

/// A column for each rail, short ones innermost; two that meet are not in one.
fn place(rails: &[Rail]) -> Vec<(usize, Rail)> {
    let mut rails: Vec<Rail> = rails.iter().copied().filter(|rail| rail.start < rail.end).collect();
    rails.sort_by_key(|rail| (rail.end - rail.start, rail.start));
    let mut taken: [Vec<Rail>; MOST] = Default::default();
    let mut placed = Vec::new();
    for rail in rails {
        let is_free = |others: &Vec<Rail>| others.iter().all(|other| rail.end < other.start || other.end < rail.start);
        if let Some((column, others)) = taken.iter_mut().enumerate().find(|(_, others)| is_free(others)) {
            others.push(rail);
            placed.push((column, rail));
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rails: &[(usize, usize)], n: usize) -> Vec<String> {
        gutter(&rails.iter().map(|&(start, end)| Rail { start, end }).collect::<Vec<_>>(), n)
    }

    #[test]
    fn rails_lead_from_line_to_line() {
        assert_eq!(shown(&[], 2), ["", ""]);
        assert_eq!(shown(&[(0, 2)], 3), ["+-- ", "|   ", "+-> "]);
        assert_eq!(shown(&[(0, 4), (1, 3)], 5), ["+---- ", "| +-- ", "| |   ", "| +-> ", "+---> "]);
        assert_eq!(shown(&[(0, 3), (1, 3)], 4), ["+---- ", "| +-- ", "| |   ", "+-+-> "]);
    }

    #[test]
    fn what_finds_no_room_has_no_rail() {
        let many: Vec<(usize, usize)> = (0..50).map(|at| (at, 100)).collect();
        assert!(shown(&many, 101).iter().all(|row| row.len() == 2 * MOST + 2));
    }
}
