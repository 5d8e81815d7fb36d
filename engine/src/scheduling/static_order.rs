//! The order in which sub flows start if all goes well: what the build writes down, from the machine that the run uses.

use super::{Command, Graph, Item, Outcome, Scheduler, Verdict};
use std::collections::VecDeque;

/// The order in which sub flows first start if every one succeeds, every expression holds, and every list has one item.
pub fn static_order(graph: Graph) -> Vec<usize> {
    let mut scheduler = Scheduler::new(graph);
    let (mut commands, mut queue, mut order) = (Vec::new(), VecDeque::new(), Vec::new());
    scheduler.begin(&mut commands);
    loop {
        queue.extend(commands.drain(..));
        match queue.pop_front() {
            Some(Command::Start { run, sub_flow, .. }) => {
                order.push(sub_flow);
                scheduler.ended(run, Outcome::Succeeded, &mut commands);
            }
            Some(Command::Evaluate { place, links, .. }) => {
                scheduler.evaluated(place, &vec![Verdict::True; links.len()], &mut commands);
            }
            Some(Command::Next { place, index }) => {
                let item = if index == 0 { Item::One } else { Item::End };
                scheduler.item(place, item, &mut commands);
            }
            Some(_) => {}
            None => return order,
        }
    }
}
