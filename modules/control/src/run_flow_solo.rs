//! `run_flow_solo`: another job as one step of this one, run by the engine.

use crate::names;
use pypeline_sdk::lowering::RunJob;
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::Value;
use std::collections::BTreeMap;

/// Which job, and what it is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunFlowConfig {
    /// The job's folder as `pype build` wrote it (`jobs/load`); relative to the project
    job: String,
    /// Name of the context that it runs with
    #[serde(default)]
    context: Option<String>,
    /// Its context variables, by name
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// Hand over this run's context variables that the job declares too; `set` goes before them
    #[serde(default)]
    pass_context: bool,
    /// Name of the cache that takes the rows which the job returns; without it the job names it
    #[serde(default)]
    rows: Option<String>,
    /// A failed job is no failure of this step: global `state` tells
    #[serde(default)]
    ignore_failure: bool,
}

pub struct RunFlow;

impl Module for RunFlow {
    type Config = RunFlowConfig;
    const MANIFEST: Manifest = Manifest::solo("run_flow_solo")
        .category("Control")
        .description("Runs another job and waits for its end")
        .globals(&["exit_code", "run_id", "state", "error_message"])
        .effect(Effect::AtLeastOnce)
        .lowers()
        .service();

    fn lower(config: &RunFlowConfig, _: &Ports) -> Result<Lowering> {
        if config.job.trim().is_empty() {
            return Err(Error::config("`job` is empty")
                .with("key", "job")
                .help("give a job's folder, e.g. `jobs/load`"));
        }
        config.rows.as_ref().map_or(Ok(()), |rows| names::cache("rows", rows))?;
        Ok(Lowering::Service(Service::RunJob(RunJob {
            job: config.job.clone(),
            context: config.context.clone(),
            set: config.set.clone(),
            pass_context: config.pass_context,
            rows: config.rows.clone(),
            ignore_failure: config.ignore_failure,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_sdk::serde_json::{from_value, json};

    #[test]
    fn a_job_and_the_names_are_checked() {
        let lower = |config| RunFlow::lower(&from_value(config).unwrap(), &Ports::default());
        let job = json!({"job": "jobs/load", "set": {"day": "2026-11-21"}, "rows": "loaded"});
        let Ok(Lowering::Service(Service::RunJob(run))) = lower(job) else { panic!("no job") };
        assert_eq!(
            (run.job.as_str(), &run.set["day"], run.rows.as_deref()),
            ("jobs/load", &json!("2026-11-21"), Some("loaded"))
        );
        assert!(!run.pass_context && !run.ignore_failure && run.context.is_none());
        assert!(lower(json!({"job": " "})).is_err());
        assert!(lower(json!({"job": "jobs/load", "rows": "a b"})).is_err());
    }
}
