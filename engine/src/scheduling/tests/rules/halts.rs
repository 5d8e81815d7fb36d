//! What a halt reaches and what it does not: post-jobs, running branches, the run's own end.

use super::super::driver::Ended;
use super::flow;

#[test]
fn running_branches_are_asked_to_stop_and_waited_for() {
    let mut run = flow("s (1|) a; s (1|) b; s (1|) c; b (1|) d; b (2|always) e; s (2|) z").begin();
    run.ok("s");
    assert_eq!(run.fail("a"), "failed stop:b stop:c");
    assert_eq!(run.stopped("b"), "d:blocked e");
    assert_eq!(run.fail("c"), "failed", "nobody is asked twice, and what is below always is left alone");
    assert_eq!(run.ok("e"), "z:blocked .");
    assert_eq!(run.link("b-e"), Ended::Opened);
}

#[test]
fn a_branch_that_succeeds_all_the_same_opens_nothing_more() {
    let mut run = flow("s (1|) a; s (1|) b; b (1|if) c; b (2|) d; b (3|error) e").begin();
    run.ok("s");
    run.fail("a");
    assert_eq!(run.ok("b"), "c:blocked d:blocked e:not_chosen .", "its conditions are not even asked");
}

#[test]
fn a_condition_that_was_asked_before_the_halt_opens_nothing() {
    let mut run = flow("s (1|) a; s (1|) b; b (1|if) c").by_hand().begin();
    run.ok("s");
    assert_eq!(run.ok("b"), "ask:c");
    run.fail("a");
    assert_eq!(run.answer(), "c:blocked .");
}

#[test]
fn a_post_job_runs_at_any_depth_and_all_below_it() {
    let links =
        "a (1|) b; b (1|) c; c (1|) d; c (2|always) p; p (1|) q; q (1|iterate) r; r (1|) s; b (2|always) t; a (2|) u";
    let run = flow(links).fails("c").run();
    assert_eq!(run.log(), "a b c failed d:blocked p q r[0] s[0] r[1] s[1] t u:blocked .");
}

#[test]
fn a_post_job_may_hang_on_what_was_skipped_as_blocked() {
    assert_eq!(flow("a (1|) b; b (1|) c; c (1|always) p").fails("a").run().log(), "a failed b:blocked c:blocked p .");
    assert_eq!(flow("a (1|error) b; b (1|always) p").run().log(), "a b:not_chosen p:not_chosen .");
}

#[test]
fn what_is_below_a_post_job_halts_by_itself() {
    let run = flow("a (1|always) p; p (1|) q; q (1|) r; p (2|) s; p (3|always) t; a (2|) b").fails("q").run();
    assert_eq!(run.log(), "a p q failed r:blocked s:blocked t b:blocked .", "and all around it");
    let run = flow("a (1|always) p; p (1|) q; p (2|) s; a (2|always) t; t (1|) u").fails("a q").run();
    assert_eq!(run.log(), "a failed p q failed s:blocked t u .", "but not what is below another");
}

#[test]
fn what_is_below_an_error_link_is_not_stopped_by_a_halt_outside() {
    let mut run = flow("s (1|) a; s (1|) b; a (1|error handled) h; h (1|) i; s (2|) z").begin();
    run.ok("s");
    assert_eq!(run.fail("a"), "undecided h");
    assert_eq!(run.fail("b"), "failed");
    assert_eq!(run.ok("h"), "i");
    assert_eq!(run.ok("i"), "handled z:blocked .");
}

#[test]
fn a_failure_below_an_error_link_stops_what_is_around_it() {
    let mut run = flow("s (1|) a; s (1|) b; a (1|always) h; h (1|) i; h (1|) j").begin();
    run.ok("s");
    run.ok("a");
    run.ok("h");
    assert_eq!(run.fail("i"), "failed stop:j stop:b");
}

#[test]
fn a_gate_with_an_open_error_link_is_below_it() {
    let run = flow("x a; x (1|) g; a (1|error) g; g (1|) h; a (2|) b").fails("a").run();
    assert_eq!(run.log(), "x a failed g h b:blocked .");
}

#[test]
fn a_gate_that_is_open_enough_runs_also_after_a_halt() {
    let run = flow("x a; x (1|) g; a (1|) g; g: any; g (1|) h").fails("a").run();
    assert_eq!(run.log(), "x a failed g h:blocked .", "but opens nothing");
}

#[test]
fn a_link_out_of_a_loop_opens_no_more_after_a_halt() {
    let links = "r (1|) x; r (1|) y; r (2|) a; a (1|iterate) b; b (1|) x; b (2|always) y; b (3|) c; y (1|) z";
    let run = flow(links).fails("c[1]").run();
    assert_eq!(run.log(), "r a b[0] c[0] b[1] c[1] failed x:blocked y z .");
    assert_eq!((run.link("b-x"), run.link("b-y")), (Ended::Blocked, Ended::Opened));
}

#[test]
fn what_an_error_link_in_a_loop_leads_to_outside_runs_also_after_a_halt() {
    let links = "r (1|) x; r (2|) a; a (1|iterate) b; b (1|error) h; h (1|) x; x (1|) y";
    let run = flow(links).fails("b[1]").run();
    assert_eq!(run.log(), "r a b[0] h[0]:not_chosen b[1] failed h[1] x y .");
}

#[test]
fn a_link_out_of_a_loop_that_opened_below_an_error_link_and_was_then_blocked_is_no_way_past_a_halt() {
    let links = "r (1|) g; r (2|iterate) b; b (1|error handled) h; b (2|) h; h (3|) g; g: any; g (1|) z; r (3|) y";
    let run = flow(links).list("r-b", 2).fails("b[0] h[1]").run();
    assert_eq!(run.log(), "r b[0] undecided h[0] handled b[1] h[1] failed g z:blocked y:blocked .");
}

#[test]
fn cancel_stops_all_and_nothing_more_starts() {
    let links = "s (1|) a; s (1|) b; a (1|always) c; a (2|error handled) d; s (2|always) e; s (3|start) f; r";
    let mut run = flow(links).begin();
    run.ok("s");
    assert_eq!(run.cancel(), "stop:a stop:b");
    assert_eq!(run.stopped("a"), "");
    assert_eq!(run.fail("b"), "failed .");
}

#[test]
fn cancel_starts_nothing_by_an_answer_that_comes_later() {
    let mut run = flow("a (1|if) b; a (1|always) c").by_hand().begin();
    assert_eq!(run.ok("a"), "ask:b");
    assert_eq!(run.cancel(), "");
    assert_eq!(run.answer(), ".");
    let mut run = flow("a (1|iterate) b; a (2|always) c").by_hand().begin();
    run.ok("a");
    assert_eq!(run.cancel(), "");
    assert_eq!(run.answer(), ".");
}

#[test]
fn cancel_starts_nothing_at_the_end_of_a_loop() {
    let mut run = flow("r (1|) x; r (2|) a; a (1|iterate) b; b (1|always) x; a (2|always) c; a (3|start) d").begin();
    run.ok("r");
    run.ok("a");
    run.ok("b[0]");
    assert_eq!(run.cancel(), "stop:b[1]");
    assert_eq!(run.ok("b[1]"), ".");
}

#[test]
fn cancel_clears_the_queue() {
    let mut run = flow("a (1|start) b; a (2|start) c; a (3|) d").background(1).begin();
    run.ok("a");
    assert_eq!(run.cancel(), "stop:b[0] stop:d");
    assert_eq!(run.stopped("b[0]"), "");
    assert_eq!(run.stopped("d"), ".");
}

#[test]
fn failures_that_wait_for_a_handler_are_lost_with_a_cancelled_run() {
    let mut run = flow("a (1|) b; a (2|error handled) h; b (1|error) c; b (2|error handled) i").begin();
    run.ok("a");
    assert_eq!(run.fail("b"), "undecided c");
    assert_eq!(run.cancel(), "stop:c");
    assert_eq!(run.stopped("c"), "lost .");
    assert!(!run.has_succeeded());
}

#[test]
fn the_end_of_the_runs_time_lets_post_jobs_run_and_nothing_else() {
    let links = "s (1|) a; s (1|) b; a (1|) c; a (2|always) p; p (1|) q; s (2|) e; s (3|always) f; r";
    let mut run = flow(links).continues().begin();
    run.ok("s");
    assert_eq!(run.halt(), "stop:a stop:b");
    assert_eq!(run.stopped("a"), "c:blocked p");
    assert_eq!(run.ok("p"), "q");
    assert_eq!(run.ok("q"), "");
    assert_eq!(run.stopped("b"), "e:blocked f");
    assert_eq!(run.ok("f"), "r:blocked .");
}

#[test]
fn the_end_of_the_runs_time_stops_post_jobs_and_loops_that_run() {
    let links = "a (1|always) p; p (1|) q; p (2|always) t; a (2|iterate) b; a (3|start) x; a (4|start) y";
    let mut run = flow(links).begin();
    run.ok("a");
    assert_eq!(run.halt(), "stop:p");
    assert_eq!(run.ok("p"), "q:blocked t");
    assert_eq!(run.ok("t"), "b:blocked x[0]:blocked y[0]:blocked .");
}

#[test]
fn what_waits_in_the_background_at_the_end_of_the_runs_time_does_not_begin() {
    let mut run = flow("a (1|error) h; h (1|start) b; h (2|start) c").background(1).begin();
    run.fail("a");
    run.ok("h");
    assert_eq!(run.halt(), "stop:b[0]");
    assert_eq!(run.stopped("b[0]"), "c:blocked .");
}

#[test]
fn no_news_is_no_news() {
    let mut run = flow("a (1|) b").begin();
    let first = run.driver.pending[0].clone();
    run.ok("a");
    let super::Pending::Run { run: ended, .. } = first else { panic!() };
    run.driver.tell(|machine, commands| machine.ended(ended, crate::scheduling::Outcome::Failed, commands));
    run.driver.tell(|machine, commands| machine.evaluated(0, &[], commands));
    run.driver.tell(|machine, commands| machine.item(7, crate::scheduling::Item::End, commands));
    assert_eq!(run.news(), "");
    assert_eq!(run.ok("b"), ".");
}
