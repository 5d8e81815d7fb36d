//! What a run is given, written down when it begins: the flow sub flow by sub flow, plugins, values, and the command line but for
//! secrets.

use crate::job_folder::canonical;
use crate::run::RunOptions;
use crate::run::job::Job;
use crate::run::keys::hex;
use crate::run::templater::Values;
use crate::secrets::net;
use pypeline_schema::checkpoint::{CHECKPOINT_VERSION, Frozen};
use pypeline_schema::execution_metadata::SubFlowLink;
use pypeline_schema::flow::Variable;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// The first record of a run's journal.
pub(in crate::run) fn frozen(job: &Job, values: &Values, options: &RunOptions, sequence: u64) -> Frozen {
    let (set, _) = given(&options.set, &job.metadata.context);
    let (given_params, _) = given(&options.params, &job.metadata.params);
    let held = values.held();
    Frozen {
        checkpoint_version: CHECKPOINT_VERSION,
        pype: env!("CARGO_PKG_VERSION").to_owned(),
        run_id: values.identity().logical_id().to_owned(),
        job: job.dag.flow.name.clone(),
        started_at: values.identity().logical_start().to_owned(),
        sequence,
        called_by: options.called.as_ref().map(|called| called.by.clone()),
        context_name: options.context.clone(),
        set,
        given_params,
        given_secrets: given_secrets(job, options),
        fingerprint: job.metadata.fingerprint.clone(),
        sub_flows: sub_flows(job),
        plugins: job.metadata.plugins.iter().map(|pin| (pin.library.clone(), pin.sha256.clone())).collect(),
        context: held.context,
        params: held.params,
        env: held.env,
    }
}

/// Secrets that the command line gives, by the option that gives each.
pub(in crate::run) fn given_secrets(job: &Job, options: &RunOptions) -> Vec<String> {
    let (_, context) = given(&options.set, &job.metadata.context);
    let (_, params) = given(&options.params, &job.metadata.params);
    let context = context.into_iter().map(|name| format!("--set {name}"));
    context.chain(params.into_iter().map(|name| format!("--param {name}"))).collect()
}

/// What the command line gives, and the names of secrets among it, whose values are left out.
fn given(values: &[(String, Value)], declared: &BTreeMap<String, Variable>) -> (Map<String, Value>, Vec<String>) {
    let (mut plain, mut secrets) = (Map::new(), Vec::new());
    for (name, value) in values {
        let is_secret = declared.get(name).is_some_and(|variable| variable.secret);
        if is_secret || !net::is_clean(value.to_string().as_bytes()) {
            secrets.push(name.clone());
        } else {
            plain.insert(name.clone(), value.clone());
        }
    }
    (plain, secrets)
}

/// A hash of each sub flow: what decides what it does, and when.
fn sub_flows(job: &Job) -> BTreeMap<String, String> {
    let mut leading: HashMap<&str, Vec<&SubFlowLink>> = HashMap::new();
    for link in &job.metadata.control {
        leading.entry(&link.to).or_default().push(link);
    }
    let hash = |(at, sub_flow): (usize, &pypeline_schema::execution_metadata::SubFlowMetadata)| {
        let nodes = job.index.nodes_of.get(at).into_iter().flatten().filter_map(|node| job.dag.nodes.get(*node));
        let nodes: Vec<Value> =
            nodes.map(|node| json!([node.id, node.module.name, node.module.version, node.config])).collect();
        let links = job.index.links_of.get(at).into_iter().flatten().filter_map(|link| job.dag.data_links.get(*link));
        let links: Vec<Value> = links.map(|link| json!([link.from, link.to])).collect();
        let leading = leading.get(sub_flow.name.as_str()).into_iter().flatten();
        // How many items go at the same time changes nothing.
        let condition = |text: &str| text.split(" parallel=").next().unwrap_or_default().to_owned();
        let leading: Vec<Value> =
            leading.map(|link| json!([link.node, link.order, condition(&link.condition), link.list_port])).collect();
        let value = canonical(json!([nodes, links, leading, sub_flow.join]));
        (sub_flow.name.clone(), hex(&Sha256::digest(value.to_string())))
    };
    job.metadata.sub_flows.iter().enumerate().map(hash).collect()
}
