//! A job as one self-contained image: nodes in their sub flows from left to right, sub flows in their scopes from top to bottom.

mod place;
mod text;
mod ways;

use super::view::{Style, View};
use place::{Placed, Rect, place};
use pypeline_schema::execution_metadata::ScopeKind;
use pypeline_schema::manifest::ModuleKind;
use std::fmt::Write;
use text::escaped;

/// Colours are written out, first those of light pages: not every viewer knows variables, or `@media`.
const STYLE: &str = "\
text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1c2733}.s{fill:#5b6b7b;font-size:11px}.h{font-weight:bold}\
.page{fill:#ffffff}.box{fill:#f5f8fb;stroke:#9fb0c0}.scope{fill:none;stroke:#2166a5;stroke-dasharray:7 4}.start{stroke-dasharray:2 4}\
.source{fill:#d9ecdf}.mod{fill:#dbe7f6}.sink{fill:#f7e6cf}.solo{fill:#e9e0f5}.node{stroke:#9fb0c0}\
path{fill:none;stroke:#5b6b7b;stroke-width:1.3}.c{stroke:#1c2733;stroke-width:1.8}.f{stroke:#b83a2d;stroke-dasharray:5 3}.l{stroke:#2166a5;stroke-dasharray:5 3}\
.t{font-size:10px;fill:#5b6b7b;stroke:#ffffff;stroke-width:3px;paint-order:stroke;stroke-linejoin:round}.e{text-anchor:end}.i{stroke:#f5f8fb}\
marker path{fill:#5b6b7b;stroke:none}\
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9aa8b5}.page{fill:#12181f}.box{fill:#1a222b;stroke:#4d5d6c}.scope{stroke:#6cb0ea}\
.source{fill:#1f4a30}.mod{fill:#1e3d63}.sink{fill:#5b4117}.solo{fill:#412f5e}.node{stroke:#4d5d6c}\
path{stroke:#9aa8b5}.c{stroke:#e6edf3}.f{stroke:#f08074}.l{stroke:#6cb0ea}.t{fill:#9aa8b5;stroke:#12181f}.i{stroke:#1a222b}marker path{fill:#9aa8b5}}";

pub(super) fn draw(view: &View) -> String {
    let placed = place(view);
    let (width, height) = placed.size;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n<rect class=\"page\" width=\"{width:.0}\" height=\"{height:.0}\"/>\n",
        escaped(&view.title)
    );
    write_text(&mut out, (16.0, 24.0), "h", &view.title);
    if let Some(note) = &view.note {
        write_text(&mut out, (16.0, 42.0), "s", note);
    }
    for (at, rect) in placed.scopes.iter().enumerate() {
        let Some(scope) = view.scopes.get(at) else { continue };
        let class = if scope.kind == ScopeKind::Start { "scope start" } else { "scope" };
        write_rect(&mut out, class, rect, 10);
        write_text(&mut out, (rect.x + 10.0, rect.y + 18.0), "s", &scope.title);
    }
    for (at, rect) in placed.boxes.iter().enumerate() {
        unit(&mut out, view, &placed, at, rect);
    }
    for (link, way) in view.links.iter().zip(&placed.links) {
        let class = match link.style {
            Style::Normal => "c",
            Style::Failure => "c f",
            Style::Scope => "c l",
        };
        write_path(&mut out, class, way, false);
        // Where it ends: there are fewer ends at one place than beginnings.
        if let [.., (from, _), (x, y)] = way.as_slice() {
            // On the side that the link does not come from.
            let (class, x) = if from > x { ("t e", x - 6.0) } else { ("t", x + 6.0) };
            write_text(&mut out, (x, y - 8.0), class, &link.label);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// A sub flow with its nodes and their links.
fn unit(out: &mut String, view: &View, placed: &Placed, at: usize, rect: &Rect) {
    let Some(unit) = view.boxes.get(at) else { return };
    write_rect(out, "box", rect, 6);
    write_text(out, (rect.x + 10.0, rect.y + 17.0), "h", &unit.title);
    for (line, text) in unit.summary.iter().enumerate() {
        write_text(out, (rect.x + 10.0, rect.y + 34.0 + 15.0 * line as f64), "s", text);
    }
    let (Some(nodes), Some(ways)) = (placed.nodes.get(at), placed.rows.get(at)) else { return };
    for (link, way) in unit.links.iter().zip(ways) {
        write_path(out, "", way, true);
        if let Some((x, y)) = way.first() {
            write_text(out, (x + 4.0, y - 4.0), "t i", &link.ports.0);
        }
    }
    for (node, rect) in unit.nodes.iter().zip(nodes) {
        let class = match node.kind {
            ModuleKind::Source => "node source",
            ModuleKind::Mod => "node mod",
            ModuleKind::Sink => "node sink",
            ModuleKind::Solo => "node solo",
        };
        write_rect(out, class, rect, 4);
        write_text(out, (rect.x + 8.0, rect.y + 16.0), "", &node.id);
        write_text(out, (rect.x + 8.0, rect.y + 31.0), "s", &node.module);
    }
}

fn write_rect(out: &mut String, class: &str, rect: &Rect, round: u32) {
    let Rect { x, y, width, height } = rect;
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round}\"/>"
    );
}

fn write_text(out: &mut String, (x, y): (f64, f64), class: &str, text: &str) {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = writeln!(out, "<text{class} x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
}

/// A curve through all points that leaves and reaches each of them straight down, or to the right.
fn write_path(out: &mut String, class: &str, way: &[(f64, f64)], is_right: bool) {
    let Some((x, y)) = way.first() else { return };
    let mut d = format!("M{x:.1} {y:.1}");
    for (from, to) in way.iter().zip(way.iter().skip(1)) {
        let (a, b) = if is_right {
            let half = ((to.0 - from.0) / 2.0).max(12.0);
            ((from.0 + half, from.1), (to.0 - half, to.1))
        } else {
            let half = ((to.1 - from.1) / 2.0).max(12.0);
            ((from.0, from.1 + half), (to.0, to.1 - half))
        };
        let _ = write!(d, "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}", a.0, a.1, b.0, b.1, to.0, to.1);
    }
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = writeln!(out, "<path{class} d=\"{d}\" marker-end=\"url(#a)\"/>");
}
