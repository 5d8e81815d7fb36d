//! Pictures of a job: sub flows as boxes with their nodes and data links, control links between them, loops and background scopes
//! around them; as text, for Graphviz and Mermaid, as SVG, and as data.
//!
//! All are drawn from one [`view`], which is bounded: of a large flow it shows sub flows without their nodes, of a huge one groups of
//! sub flows, and says so. Whatever text comes from a flow is escaped as each form wants it.

mod arrange;
mod ascii;
mod data;
mod dot;
mod layout;
mod mermaid;
mod svg;
mod text;
mod view;

pub use data::data;
use pypeline_schema::dag::DagFile;
use pypeline_schema::execution_metadata::ExecutionMetadata;
use view::View;

/// Forms of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Boxes of plain characters.
    Ascii,
    /// A graph for Graphviz.
    Dot,
    /// A flowchart for Mermaid.
    Mermaid,
    /// A self-contained image.
    Svg,
}

/// Draws a job. With `full`, everything is shown however large it gets.
pub fn draw(dag: &DagFile, metadata: &ExecutionMetadata, form: Form, full: bool) -> String {
    let view = View::of(dag, metadata, full);
    match form {
        Form::Ascii => ascii::draw(&view),
        Form::Dot => dot::draw(&view),
        Form::Mermaid => mermaid::draw(&view),
        Form::Svg => svg::draw(&view),
    }
}

#[cfg(test)]
mod tests;
