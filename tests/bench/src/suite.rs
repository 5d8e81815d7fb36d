//! The suite: works one after another, and what the contenders cost that do nothing.

use crate::contenders::Kind;
use crate::machine::Machine;
use crate::report::Report;
use crate::startup::Startup;
use crate::works::{Setting, Work};

/// Does all works. A work that cannot even be made ready is told, and the next one is done.
pub fn run(setting: &Setting, works: &[Work], rounds: u32) -> Report {
    let mut report =
        Report { machine: Machine::read(), kinds: setting.kinds.clone(), rounds, works: Vec::new(), startup: None };
    for work in works {
        let races = work.races(setting).map(|mut races| {
            races.iter_mut().for_each(|race| race.run(rounds));
            races
        });
        report.works.push((*work, races.map_err(|error| error.to_string())));
    }
    if rounds > 0 && setting.kinds.contains(&Kind::Pype) {
        report.startup = Some(Startup::measure(setting).map_err(|error| error.to_string()));
    }
    report
}
