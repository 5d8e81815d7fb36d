//! A job in plain characters: boxes below one another, scopes around them, and rails for the control links at their left.

mod rails;

use super::arrange::Step;
use super::text::grouped;
use super::view::{Unit, View};
use rails::{Rail, gutter};

/// Levels of scopes that are moved to the right.
const DEEPEST: usize = 12;

/// Lines as they are drawn, and where links leave and reach them.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
    /// Per link the line at which it begins and that at which it ends.
    starts: Vec<Option<usize>>,
    ends: Vec<Option<usize>>,
}

pub(super) fn draw(view: &View) -> String {
    let mut page = Page { starts: vec![None; view.links.len()], ends: vec![None; view.links.len()], ..Page::default() };
    let (mut outgoing, mut incoming) = (vec![Vec::new(); view.boxes.len()], vec![Vec::new(); view.boxes.len()]);
    for (at, link) in view.links.iter().enumerate() {
        outgoing.get_mut(link.from).into_iter().for_each(|links: &mut Vec<usize>| links.push(at));
        incoming.get_mut(link.to).into_iter().for_each(|links: &mut Vec<usize>| links.push(at));
    }
    let mut depth: usize = 0;
    for step in &view.steps {
        match step {
            Step::Open(scope) => {
                let title = view.scopes.get(*scope).map_or("", |scope| scope.title.as_str());
                page.line(depth, &format!(".-- {title} ---"));
                depth += 1;
            }
            Step::Close(_) => {
                depth = depth.saturating_sub(1);
                page.line(depth, "'---");
            }
            Step::Thing(at) => {
                let Some(unit) = view.boxes.get(*at) else { continue };
                for link in incoming.get(*at).into_iter().flatten() {
                    page.ends.get_mut(*link).into_iter().for_each(|end| *end = Some(page.lines.len()));
                }
                boxed(unit).iter().for_each(|line| page.line(depth, line));
                for link in outgoing.get(*at).into_iter().flatten() {
                    page.starts.get_mut(*link).into_iter().for_each(|start| *start = Some(page.lines.len()));
                    let found = view.links.get(*link);
                    let to = found.and_then(|link| view.boxes.get(link.to)).map_or("?", |unit| unit.title.as_str());
                    page.line(depth, &format!("{} -> {to}", found.map_or("", |link| link.label.as_str())));
                }
            }
        }
    }
    let rail = |(start, end): (&Option<usize>, &Option<usize>)| Some(Rail { start: (*start)?, end: (*end)? });
    let rails: Vec<Rail> = page.starts.iter().zip(&page.ends).filter_map(rail).collect();
    let mut out = format!("{}\n", view.title);
    out.extend(view.note.iter().map(|note| format!("{note}\n")));
    out.push('\n');
    for (gutter, line) in gutter(&rails, page.lines.len()).iter().zip(&page.lines) {
        out.push_str(format!("{gutter}{line}").trim_end());
        out.push('\n');
    }
    out
}

impl Page {
    fn line(&mut self, depth: usize, text: &str) {
        let lead = ": ".repeat(depth.min(DEEPEST));
        let deeper = if depth > DEEPEST { format!("[{}] ", grouped(depth)) } else { String::new() };
        self.lines.push(format!("{lead}{deeper}{text}"));
    }
}

/// The box of a sub flow: waves, nodes, modules, and where their rows go.
fn boxed(unit: &Unit) -> Vec<String> {
    let mut rows = unit.summary.clone();
    let wide = |text: &str| text.chars().count();
    let of = |name: fn(&super::view::Node) -> &str| unit.nodes.iter().map(|node| wide(name(node))).max().unwrap_or(0);
    let (ids, modules) = (of(|node| &node.id), of(|node| &node.module));
    let waves = unit.nodes.iter().map(|node| node.wave.to_string().len()).max().unwrap_or(0);
    for (at, node) in unit.nodes.iter().enumerate() {
        let links = unit.links.iter().filter(|link| link.from == at);
        let to = |to: usize| unit.nodes.get(to).map_or("?", |node| node.id.as_str());
        let mut links = links.map(|link| format!("{} -> {}.{}", link.ports.0, to(link.to), link.ports.1));
        let first = links.next().unwrap_or_default();
        rows.push(format!("{:waves$}  {:ids$}  {:modules$}  {first}", node.wave, node.id, node.module));
        rows.extend(links.map(|link| format!("{:1$}{link}", "", waves + ids + modules + 6)));
    }
    let rows: Vec<&str> = rows.iter().map(|row| row.trim_end()).collect();
    let width = rows.iter().map(|row| wide(row)).chain([wide(&unit.title) + 2]).max().unwrap_or(0);
    let mut lines = vec![format!("+- {} {}+", unit.title, "-".repeat(width.saturating_sub(wide(&unit.title) + 1)))];
    lines.extend(rows.iter().map(|row| format!("| {row}{} |", " ".repeat(width - wide(row)))));
    lines.push(format!("+{}+", "-".repeat(width + 2)));
    lines
}
