//! What a process that was told to (`PYPE_FAULT_LOG`) has written down: each durable operation before it was done, each
//! logical point that was passed, each fault that struck.

use std::path::Path;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// An operation by its number, from 1.
    Op { number: usize, kind: String, path: String },
    /// A point: `begin`, `written`, `landed` or `restored`, and of which sub flow: `load@3/0`.
    Mark { kind: String, of: String },
    /// The order that struck.
    Fired(String),
}

/// All lines, in their order.
#[derive(Debug, Clone, Default)]
pub struct Log(pub Vec<Line>);

impl Log {
    /// Reads a file; it is empty where there is none.
    pub fn read(path: &Path) -> Self {
        Self::parse(&String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()))
    }

    /// Lines that are understood; a last line that was cut off is none.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(line).collect())
    }

    /// Number of operations.
    pub fn operations(&self) -> usize {
        self.0
            .iter()
            .filter_map(|line| if let Line::Op { number, .. } = line { Some(*number) } else { None })
            .max()
            .unwrap_or(0)
    }

    /// Number of operations of a kind.
    pub fn count(&self, wanted: &str) -> usize {
        self.0.iter().filter(|line| matches!(line, Line::Op { kind, .. } if kind == wanted)).count()
    }

    /// Something was given a name with this part; in a line, the path of such an operation is followed by that name.
    pub fn named(&self, part: &str) -> bool {
        self.0.iter().any(|line| match line {
            Line::Op { kind, path, .. } => ["rename", "link"].contains(&kind.as_str()) && path.contains(part),
            _ => false,
        })
    }

    /// A fault has struck.
    pub fn has_fired(&self) -> bool {
        self.0.iter().any(|line| matches!(line, Line::Fired(_)))
    }

    /// The operation that was struck first: its kind and path.
    pub fn struck(&self) -> Option<(&str, &str)> {
        let at = self.0.iter().position(|line| matches!(line, Line::Fired(_)))?;
        self.0[..at].iter().rev().find_map(|line| match line {
            Line::Op { kind, path, .. } => Some((kind.as_str(), path.as_str())),
            _ => None,
        })
    }

    /// Which sub flows have passed a kind of point.
    pub fn of(&self, wanted: &str) -> Vec<&str> {
        let mut found = Vec::new();
        for line in &self.0 {
            if let Line::Mark { kind, of } = line
                && kind == wanted
            {
                found.push(of.as_str());
            }
        }
        found
    }
}

fn line(text: &str) -> Option<Line> {
    let (first, rest) = text.split_once(' ')?;
    match first {
        "mark" => {
            // Only sub flows have a place: `load@3`.
            let (kind, of) = rest.split_once(' ').filter(|(_, of)| of.contains('@'))?;
            Some(Line::Mark { kind: kind.to_owned(), of: of.to_owned() })
        }
        "fired" => Some(Line::Fired(rest.to_owned())),
        _ => {
            let (kind, path) = rest.split_once(' ').unwrap_or((rest, ""));
            Some(Line::Op { number: first.parse().ok()?, kind: kind.to_owned(), path: path.to_owned() })
        }
    }
}

#[test]
fn a_log_is_read() {
    let log = Log::parse(
        "1 create /a/.x.pype-tmp\nmark begin load@3/0\n2 write /a/x\nfired at=2:kill\nmark landed l@\n3 sync /a\n4 re",
    );
    assert_eq!((log.operations(), log.count("write")), (4, 1));
    assert!(log.has_fired());
    assert_eq!(log.struck(), Some(("write", "/a/x")));
    assert_eq!((log.of("begin"), log.of("landed")), (vec!["load@3/0"], vec!["l@"]));
}
