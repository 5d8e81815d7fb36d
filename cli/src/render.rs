//! What people see: tables, findings and failures. stdout is the result, stderr the talk; colour and boxes only on a terminal.
//! All of it passes the net that keeps secrets back.

use crate::args::{Global, Output};
use crate::exit::Failure;
use comfy_table::{ColumnConstraint, Table, Width, presets};
use pypeline_engine::diagnostics::Diagnostics;
use pypeline_engine::diagnostics::render::render;
use pypeline_engine::secrets::net;
use pypeline_schema::fault::Fault;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Columns of a terminal from which tables are fitted to it.
const NARROW: u16 = 60;

/// Letters of a name that stand in one line at least: fewer tell nobody anything.
const LEAST: u16 = 8;

/// Columns of a terminal from which a wide table fits.
const WIDE: u16 = 110;

/// stdout is a terminal on which a wide table does not fit.
pub fn is_narrow() -> bool {
    std::io::stdout().is_terminal() && Table::new().width().is_some_and(|columns| columns < WIDE)
}

/// People look at stderr.
pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Colour may be written to stderr (NO_COLOR and CLICOLOR_FORCE are honoured).
pub fn colour_on_stderr() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// Some part of the result could not be written.
static IS_LOST: AtomicBool = AtomicBool::new(false);

/// Whether the result is whole. A disk that is full is told of; a reader that has gone away (`| head`) wants no more of it.
pub fn is_lost() -> bool {
    IS_LOST.load(Ordering::Relaxed)
}

fn out(text: &str) {
    let mut stdout = anstream::stdout();
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    if let Err(failed) = written
        && failed.kind() != std::io::ErrorKind::BrokenPipe
        && !IS_LOST.swap(true, Ordering::Relaxed)
    {
        error(&format!("the result cannot be written: {failed}"));
    }
}

/// A line of the result.
pub fn line(text: &str) {
    out(&net::mask(text));
}

/// A line of a result that is masked where it has to be: its own words are its own, whatever a secret may be.
pub fn line_as_it_is(text: &str) {
    out(text);
}

/// Text of the result.
pub fn text(text: &str) {
    line(text.trim_end());
}

/// A line of the talk.
pub fn talk(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}", net::mask(text));
}

/// The result as JSON.
pub fn json(value: &impl Serialize) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    if net::is_clean(text.as_bytes()) {
        line(&text);
        return;
    }
    let mut value = serde_json::to_value(value).unwrap_or_default();
    net::mask_json(&mut value);
    out(&format!("{value:#}"));
}

/// A result that is masked where it has to be.
pub fn json_as_it_is(value: &impl Serialize) {
    out(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// A warning beside the result.
pub fn warning(text: &str) {
    talk(&format!("\u{1b}[33mwarning\u{1b}[0m: {text}"));
}

/// Something wrong beside the result.
pub fn error(text: &str) {
    talk(&format!("\u{1b}[31merror\u{1b}[0m: {text}"));
}

/// Why a command ended early.
pub fn failure(global: &Global, failure: &Failure) {
    if global.output == Output::Json {
        json(&serde_json::json!({"ok": false, "exit_code": failure.exit as u8, "error": failure.message}));
    }
    error(&failure.message);
}

/// Findings with their source lines.
pub fn diagnostics(diagnostics: &Diagnostics) {
    let _ = write!(anstream::stderr(), "{}", net::mask(&render(diagnostics, colour_on_stderr())));
}

/// `1 node`, `2 nodes`.
pub fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// A table on stdout: boxes on a terminal, plain columns elsewhere.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) {
    line(&new_table(header, rows).to_string());
}

pub fn new_table(header: &[&str], rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    let on_terminal = std::io::stdout().is_terminal();
    table.load_style(if on_terminal { presets::UTF8_FULL_CONDENSED } else { presets::ASCII_MARKDOWN });
    // A terminal that does not tell its width, or next to none, gets whole lines: columns of one letter help nobody.
    if on_terminal && table.width().is_some_and(|columns| columns >= NARROW) {
        table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    }
    let whole: Vec<bool> = (0..header.len()).map(|at| stays_whole(header, &rows, at)).collect();
    table.set_header(header.to_vec());
    table.add_rows(rows);
    let widths = table.column_max_content_widths();
    for (at, (is_whole, width)) in whole.into_iter().zip(widths).enumerate() {
        if let Some(column) = table.column_mut(at) {
            column.set_constraint(match is_whole {
                true => ColumnConstraint::ContentWidth,
                false => ColumnConstraint::LowerBoundary(Width::Fixed(LEAST.min(width))),
            });
        }
    }
    table
}

/// A number, a state, a time or an id that is broken over two lines cannot be read; names and texts can.
fn stays_whole(header: &[&str], rows: &[Vec<String>], at: usize) -> bool {
    const WHOLE: [&str; 4] = ["state", "last run", "run", "started"];
    let is_number = |cell: &String| cell.chars().all(|c| c.is_ascii_digit() || ",.-/% ".contains(c));
    let is_chart = |cell: &String| cell.chars().all(|c| ('\u{2581}'..='\u{2588}').contains(&c) || c == ' ');
    header.get(at).is_some_and(|name| WHOLE.contains(name))
        || rows.iter().filter_map(|row| row.get(at)).all(|cell| is_number(cell) || is_chart(cell))
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A failure with all that is known of it.
pub fn fault(word: &str, whose: &str, fault: &Fault, place: Option<&str>) {
    talk(&format!("{word}: {whose}: {}", fault.message));
    if let Some(place) = place {
        talk(&format!("  --> {place}"));
    }
    for (key, value) in &fault.context {
        talk(&format!("  = {key}: {value}"));
    }
    for cause in &fault.causes {
        talk(&format!("  = caused by: {cause}"));
    }
    if let Some(place) = &fault.place {
        talk(&format!("  = panicked at {place}"));
    }
    if let Some(help) = &fault.help {
        talk(&format!("  = help: {help}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
