//! `pype logs`: what a run said, for people or as it was written.

use super::project_here;
use crate::args::logs::LogsArgs;
use crate::args::{Global, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::run::observe::logging::read::{Filter, each_line, find};
use pypeline_engine::run::observe::logging::{Style, pretty};
use std::io::Write;
use std::ops::ControlFlow;

/// Shows the log of a run.
pub fn logs(global: &Global, args: &LogsArgs) -> Result<u8, Failure> {
    let run = find(&project_here(global), &args.run).map_err(|error| Failure::new(Exit::Usage, error))?;
    let filter = Filter { node: args.node.clone(), level: args.level.map(|level| level.of_lines()) };
    // What is coloured here is plain where nobody sees colours.
    let style = Style { colour: true, date: true };
    let mut stdout = anstream::stdout().lock();
    let outcome = each_line(&run, args.follow, &mut |raw, line| {
        if !filter.takes(line) {
            return ControlFlow::Continue(());
        }
        let written = match global.output {
            Output::Json => writeln!(stdout, "{raw}"),
            Output::Text => stdout.write_all(pretty(line, style).as_bytes()),
        };
        // A reader that has gone away wants no more of it.
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let outcome = outcome.map_err(|error| {
        Failure::new(Exit::Failed, format!("the log in `{}` cannot be read: {error}", run.folder.display()))
    })?;
    if !outcome.is_there {
        render::talk(&format!("run {} has no log in `{}`", run.run_id, run.folder.display()));
    }
    if outcome.n_broken > 0 {
        let n = usize::try_from(outcome.n_broken).unwrap_or(usize::MAX);
        render::warning(&format!("{} passed over: no log lines", render::count(n, "line")));
    }
    if outcome.has_gap {
        render::warning("lines are missing: their files were removed while they were read");
    }
    Ok(Exit::Success as u8)
}
