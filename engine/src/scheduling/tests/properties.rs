//! What holds for every flow: the machine does as the sequential model, keeps its promises, and always comes to its end.

use super::checks;
use super::driver::{Driver, Ended, Event, has_succeeded};
use super::model::Model;
use super::random::{Case, Kind, Picks, World, case};
use crate::scheduling::Scheduler;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm};

fn config() -> Config {
    let failure_persistence = Some(Box::new(FileFailurePersistence::Off) as _);
    // The default's randomness is better, but takes longer than all else.
    let rng_algorithm = RngAlgorithm::XorShift;
    Config { cases: 10_000, failure_persistence, rng_algorithm, ..Config::default() }
}

/// Runs a case in a random order of events.
fn drive(case: &Case, picks: u64) -> Driver<World> {
    let mut driver = Driver::begin(&case.graph, case.world);
    let mut picks = Picks(picks);
    driver.finish(|pending| picks.below(pending.len()));
    driver
}

/// Where everything has come to, whatever the order.
fn ends(log: &[Event]) -> Vec<Event> {
    let is_end = |event: &&Event| matches!(event, Event::End(..) | Event::Resolved(..));
    let mut ends: Vec<Event> = log.iter().filter(is_end).cloned().collect();
    ends.sort();
    ends
}

/// What happens, step by step; failures that were handled are named in their order.
fn steps(log: &[Event]) -> Vec<Event> {
    let steps = log.iter().filter_map(|event| match event {
        Event::Start(..) | Event::End(..) | Event::Resolved(..) => Some(event.clone()),
        Event::Handled(_) => Some(Event::Handled(0)),
        _ => None,
    });
    steps.collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn under_continue_any_order_of_events_comes_to_what_the_model_says(mut case in case(Kind::Any)) {
        case.graph.continue_on_failure = true;
        let driver = drive(&case, case.picks);
        let model = Model::run(&case.graph, &case.world);
        prop_assert_eq!(ends(&driver.log), ends(&model.log));
        prop_assert_eq!(has_succeeded(&driver.log), model.has_succeeded);
    }

    #[test]
    fn where_nothing_runs_at_the_same_time_every_step_is_the_models(case in case(Kind::Sequential)) {
        let mut driver = Driver::begin(&case.graph, case.world);
        driver.finish(|pending| {
            assert_eq!(pending.len(), 1, "the outcome's time makes no difference");
            0
        });
        let model = Model::run(&case.graph, &case.world);
        prop_assert_eq!(steps(&driver.log), steps(&model.log));
        prop_assert_eq!(has_succeeded(&driver.log), model.has_succeeded);
    }

    #[test]
    fn promises_are_kept(case in case(Kind::Any)) {
        let driver = drive(&case, case.picks);
        checks::all(&case.graph, &driver.log);
        checks::is_empty(&driver.machine);
    }

    #[test]
    fn promises_are_kept_where_the_run_is_halted_or_cancelled(case in case(Kind::Any), after in 0_usize..12, is_cancel: bool) {
        let mut driver = Driver::begin(&case.graph, case.world);
        let mut picks = Picks(case.picks);
        for _ in 0..after {
            if !driver.pending.is_empty() {
                driver.answer(picks.below(driver.pending.len()));
            }
        }
        let is_over = driver.pending.is_empty();
        if !is_over {
            driver.log.push(if is_cancel { Event::Cancel } else { Event::Halt });
            driver.tell(if is_cancel { Scheduler::cancel } else { Scheduler::halt });
        }
        driver.finish(|pending| picks.below(pending.len()));
        checks::all(&case.graph, &driver.log);
        checks::is_empty(&driver.machine);
    }

    #[test]
    fn the_same_events_in_the_same_order_have_the_same_log(case in case(Kind::Any)) {
        prop_assert_eq!(drive(&case, case.picks).log, drive(&case, case.picks).log);
    }

    #[test]
    fn what_waits_for_a_sub_flow_is_the_same_in_any_order_of_events(mut case in case(Kind::Any), other: u64) {
        case.graph.continue_on_failure = true;
        prop_assert_eq!(drive(&case, case.picks).waiting, drive(&case, other).waiting);
    }

    #[test]
    fn without_failures_all_orders_start_the_same(mut case in case(Kind::Any), other: u64) {
        case.world.failing = 0;
        let (one, two) = (drive(&case, case.picks), drive(&case, other));
        prop_assert_eq!(ends(&one.log), ends(&two.log));
        prop_assert!(has_succeeded(&one.log));
        prop_assert!(!one.log.iter().any(|event| matches!(event, Event::End(.., Ended::Blocked) | Event::Stop(..))));
    }
}
