//! All outputs of one attempt: places tried before it begins, files and folders named together when all of it has succeeded.

use super::pass::{Attempt, lock};
use super::publish::Publication;
use crate::run::checkpoint::file_seen;
use crate::run::prepare::{NodeFault, SubFlowPlan};
use pypeline_schema::checkpoint::FileSeen;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::Lowering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Files of one glob that are looked at, at most.
const FILES: usize = 1_000;

/// Outputs as they are, and the folders that hold their names.
type Published = (Vec<FileSeen>, BTreeSet<PathBuf>);

/// The places of all file sinks, tried before a row is read.
pub(super) fn plan(attempt: &Attempt, plan: &SubFlowPlan) -> Result<(), Vec<NodeFault>> {
    let (mut planned, mut faults, shared) = (BTreeMap::new(), Vec::new(), &attempt.shared);
    let durability = shared.job.metadata.settings.durability.unwrap_or_default();
    let earlier = attempt.earlier_intents();
    for ready in &plan.prepared {
        let Some(Lowering::Destination(destination)) = &ready.lowering else { continue };
        let name = format!("{}-{}", shared.values.run_id(), shared.attempts.fetch_add(1, Ordering::Relaxed));
        match Publication::plan(destination, shared.node_id(ready.node), &name, &shared.claims, durability, &earlier) {
            Ok(publication) => {
                planned.insert(ready.node, publication);
            }
            Err(fault) => faults.push((ready.node, fault)),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    *lock(&attempt.publications) = planned;
    if shared.checkpoints.is_on() {
        *lock(&attempt.inputs) = inputs(plan);
    }
    Ok(())
}

/// The files that a sub flow is about to read, as they are.
fn inputs(plan: &SubFlowPlan) -> Vec<FileSeen> {
    let scans = plan.prepared.iter().filter_map(|ready| match &ready.lowering {
        Some(Lowering::Scan(scan)) => Some(&scan.paths),
        _ => None,
    });
    let mut seen = Vec::new();
    for path in scans.flatten() {
        match file_seen(Path::new(path)) {
            Some(file) => seen.push(file),
            None if path.contains(['*', '?', '[']) => {
                let files = glob::glob(path).into_iter().flatten().flatten().take(FILES);
                seen.extend(files.filter_map(|file| file_seen(&file)));
            }
            // A folder, or nothing: the scan will say.
            None => {}
        }
    }
    seen
}

/// Brings files to disk and gives them their names, on a thread of its own: the pool is the modules', and may be full. Until all
/// are whole the attempt can be given up; then it only takes renames. The outputs as they are now come back, and the folders that
/// hold their names.
pub(super) async fn publish_files(
    attempt: &Arc<Attempt>,
    mut publications: BTreeMap<usize, Publication>,
) -> Result<Published, Vec<NodeFault>> {
    let blame = publications.keys().next().copied().unwrap_or_default();
    attempt.note_temporaries(publications.values().map(|publication| publication.temporary().to_path_buf()).collect());
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let publisher = Arc::clone(attempt);
    let publish = move || {
        let published = publish_on_thread(&publisher, &mut publications);
        drop(publications);
        // Nobody waits for an attempt that was given up.
        let _ = sender.send(published);
    };
    std::thread::Builder::new()
        .name("pype-publish".to_owned())
        .spawn(publish)
        .map_err(|error| vec![(blame, Box::new(Fault::new(FaultKind::Io, "no thread to be had").caused_by(&error)))])?;
    receiver.await.unwrap_or_else(|_| {
        let fault = Fault::new(FaultKind::Panic, "publishing files ended without a word");
        Err(vec![(blame, Box::new(fault))])
    })
}

fn publish_on_thread(
    attempt: &Attempt,
    publications: &mut BTreeMap<usize, Publication>,
) -> Result<Published, Vec<NodeFault>> {
    let blame = publications.keys().next().copied().unwrap_or_default();
    for (node, publication) in publications.iter_mut() {
        publication.complete().map_err(|fault| vec![(*node, fault)])?;
    }
    let intents = publications.values().filter_map(Publication::intent).collect();
    attempt.intend(intents).map_err(|fault| vec![(blame, fault)])?;
    if !attempt.begin_publishing() {
        return Err(Vec::new());
    }
    for (node, publication) in publications.iter_mut() {
        publication.publish().map_err(|fault| vec![(*node, fault)])?;
    }
    let seen = publications.values().filter_map(|publication| file_seen(publication.target()));
    Ok((seen.collect(), publications.values().flat_map(Publication::folders).collect()))
}
