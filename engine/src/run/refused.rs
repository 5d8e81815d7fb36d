//! A run that did not begin, because a value or a secret was not to be had: it leaves a record all the same, since that is what
//! somebody looks for in the morning.

use super::RunError;
use super::frames::FrameData;
use super::job::Job;
use super::observe::Observer;
use super::observe::journal::Journal;
use super::templater::Identity;
use crate::secrets::net;
use pypeline_schema::FORMAT_VERSION;
use pypeline_schema::event::Event;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::run_result::{RunResult, State};
use std::sync::Arc;

/// Exit code of a command line that is wrong: whoever typed it sees it.
const USAGE: u8 = 2;

/// Tells of a beginning and an end, and writes them down.
pub(super) fn record(job: &Job, identity: Identity, observer: Arc<dyn Observer>, error: &RunError) {
    if matches!(error.exit_code(), 0 | USAGE) {
        return;
    }
    let (journal, flow) = (Journal::new(observer), FrameData::flow());
    let folder = job.folder.runs().join(&identity.id);
    let recorded = journal.record_in(&folder);
    let (state, exit_code) = (State::Failed, error.exit_code());
    journal.tell(&flow, identity.started(job));
    journal.tell(&flow, Event::RunFinished { state, exit_code, seconds: journal.elapsed() });
    journal.close();
    let mut result = RunResult {
        format_version: FORMAT_VERSION,
        run_id: identity.id,
        job: job.dag.flow.name.clone(),
        state,
        exit_code,
        seconds: journal.elapsed(),
        fault: Some(Fault::new(FaultKind::Config, error.to_string())),
        peak_rss_bytes: 0,
        sub_flows: Vec::new(),
        failures: Vec::new(),
        n_failures: 0,
        n_handled: 0,
        record: Some(folder.display().to_string()),
        resumes: None,
        resume: None,
        links: Vec::new(),
    };
    result.each_text(&mut net::mask_text);
    if let Err(error) = recorded.and_then(|()| super::write_result(&folder, &result)) {
        tracing::warn!("the run's record cannot be written to `{}`: {error}", folder.display());
    }
}
