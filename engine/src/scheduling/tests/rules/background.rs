//! START links: what they start runs beside the flow, so many at once, and the run waits for it.

use super::super::driver::Ended;
use super::flow;

#[test]
fn the_link_resolves_at_once_and_the_run_waits() {
    let mut run = flow("a (1|start) b; b (1|) c; a (2|) d").begin();
    assert_eq!(run.ok("a"), "b[0] d");
    assert_eq!(run.link("a-b"), Ended::Opened);
    assert_eq!(run.ok("d"), "");
    assert_eq!(run.ok("b[0]"), "c[0]");
    assert_eq!(run.ok("c[0]"), ".");
}

#[test]
fn so_many_run_at_once_and_the_others_queue_in_order() {
    let mut run = flow("a (1|start) b; a (2|start) c; a (3|start) d; a (4|start) e; a (5|) x").background(2).begin();
    assert_eq!(run.ok("a"), "b[0] c[0] x");
    assert_eq!(run.ok("c[0]"), "d[0]");
    assert_eq!(run.ok("x"), "");
    assert_eq!(run.ok("d[0]"), "e[0]");
    assert_eq!(run.ok("e[0]"), "");
    assert_eq!(run.ok("b[0]"), ".");
}

#[test]
fn there_is_always_a_place() {
    assert_eq!(flow("a (1|start) b").background(0).run().log(), "a b[0] .");
}

#[test]
fn a_frame_ends_without_what_was_started_in_it() {
    let mut run =
        flow("a (1|iterate) b; b (1|iterate) x; x (1|start) c; c (1|iterate) d; a (2|) e").background(1).begin();
    run.ok("a");
    run.ok("b[0]");
    assert_eq!(run.ok("x[0.0]"), "c[0.0.0] x[0.1]");
    assert_eq!(run.ok("x[0.1]"), "b[1]");
    run.ok("b[1]");
    run.ok("x[1.0]");
    assert_eq!(run.ok("x[1.1]"), "e");
    assert_eq!(run.ok("e"), "");
    assert_eq!(run.ok("c[0.0.0]"), "d[0.0.0.0]", "in the frame that it was started in");
    assert_eq!(run.ok("d[0.0.0.0]"), "d[0.0.0.1]");
    assert_eq!(run.ok("d[0.0.0.1]"), "c[0.1.0]");
}

#[test]
fn a_shut_start_link_is_skipped_inline_in_a_frame_of_its_own() {
    let links = "a (1|error) s; s (1|start) b; b (1|) c; c (1|always) d; s (2|) e";
    assert_eq!(
        flow(links).run().log(),
        "a s:not_chosen b[0]:not_chosen c[0]:not_chosen d[0]:not_chosen e:not_chosen ."
    );
    let blocked = flow(&links.replace("error", "")).continues().fails("a").run().log();
    assert_eq!(blocked, "a failed s:blocked b[0]:blocked c[0]:blocked d[0] e:blocked .");
}

#[test]
fn a_failure_fails_the_run_and_nothing_more_begins_but_what_runs_goes_on() {
    let links = "a (1|start) b; b (1|) b2; b (2|error) b3; a (2|start) c; c (1|) c2; a (3|start) d; d (1|) d2; a (4|) e; e (1|) x;
        e (2|always) y";
    let mut run = flow(links).begin();
    assert_eq!(run.ok("a"), "b[0] c[0] e");
    assert_eq!(run.fail("b[0]"), "failed b2[0]:blocked b3[0]");
    assert_eq!(run.ok("b3[0]"), "d:blocked d2:blocked", "queued ones do not begin");
    assert_eq!(run.ok("e"), "x:blocked y");
    assert_eq!(run.ok("y"), "");
    assert_eq!(run.ok("c[0]"), "c2[0]:blocked .");
    assert!(!run.has_succeeded());
}

#[test]
fn under_continue_a_failure_leaves_the_rest_alone() {
    let mut run = flow("a (1|start) b; a (2|start) c; a (3|) d").continues().background(1).begin();
    assert_eq!(run.ok("a"), "b[0] d");
    assert_eq!(run.fail("b[0]"), "failed c[0]");
    assert_eq!(run.ok("c[0]"), "");
    assert_eq!(run.ok("d"), ".");
    assert!(!run.has_succeeded());
}

#[test]
fn what_a_failure_in_the_background_left_running_stops_with_one_in_the_flow() {
    let mut run = flow("a (1|start) b; a (2|start) c; a (3|) d; a (3|) e").begin();
    run.ok("a");
    assert_eq!(run.fail("b[0]"), "failed");
    assert_eq!(run.fail("d"), "failed stop:c[0] stop:e");
    assert_eq!(run.stopped("c[0]"), "");
    assert_eq!(run.stopped("e"), ".");
}

#[test]
fn a_halt_of_the_flow_stops_the_background() {
    let mut run = flow("a (1|start) b; b (1|) c; b (2|always) d; a (2|start) q; a (3|) e").background(1).begin();
    run.ok("a");
    assert_eq!(run.fail("e"), "failed stop:b[0]");
    assert_eq!(run.stopped("b[0]"), "c[0]:blocked d[0]");
    assert_eq!(run.ok("d[0]"), "q:blocked .");
}

#[test]
fn a_loop_in_the_background_stops_with_the_flow() {
    for later in ["", "; b (2|error handled) h"] {
        let mut run = flow(&format!("a (1|start) b; b (1|iterate) c; a (2|) d{later}")).begin();
        run.ok("a");
        run.ok("b[0]");
        assert_eq!(run.fail("d"), "failed stop:c[0.0]");
        assert!(!run.ok("c[0.0]").contains("c[0.1]"));
    }
}

#[test]
fn what_starts_below_an_error_link_goes_on_after_a_halt() {
    let links = "a (1|error) h; h (1|start) b; b (1|) c; h (2|start) d; a (2|) x";
    let mut run = flow(links).background(1).begin();
    assert_eq!(run.fail("a"), "failed h");
    assert_eq!(run.ok("h"), "b[0] x:blocked");
    assert_eq!(run.ok("b[0]"), "c[0]");
    assert_eq!(run.ok("c[0]"), "d[0]");
    assert_eq!(run.ok("d[0]"), ".");
}

#[test]
fn a_failure_in_what_a_caught_loop_has_started_still_fails_the_run() {
    let links = "a (1|iterate) b; b (1|start) c; a (2|error handled) h";
    let mut run = flow(links).continues().list("a-b", 1).begin();
    run.ok("a");
    assert_eq!(run.ok("b[0]"), "c[0.0] h:not_chosen");
    assert_eq!(run.fail("c[0.0]"), "failed .");
    assert!(!run.has_succeeded());
}

#[test]
fn a_handled_failure_in_the_background_is_none() {
    let run = flow("a (1|start) b; b (1|error handled) h; a (2|) c").fails("b").run();
    assert_eq!(run.log(), "a b[0] c undecided h[0] handled .");
    assert!(run.has_succeeded());
}
