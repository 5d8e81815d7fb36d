//! Answers from across the boundary, made ours: errors become faults, and what panics on the way is caught.

use pypeline_abi::{AbiFuture, AbiResult, RString};
use pypeline_schema::fault::{Fault, FaultKind};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A call's value, or the fault that its error's JSON text holds.
pub(super) fn answer<T>(result: AbiResult<T>) -> Result<T, Box<Fault>> {
    result.into_result().map_err(|json| Box::new(fault(&json)))
}

/// The same for a call that gives text.
pub(super) fn text(result: AbiResult<RString>) -> Result<String, Box<Fault>> {
    answer(result).map(RString::into_string)
}

fn fault(json: &str) -> Fault {
    serde_json::from_str(json).unwrap_or_else(|_| Fault::new(FaultKind::Contract, json.to_owned()))
}

/// A foreign future whose panics, which the SDK should have caught, end here.
pub(super) struct Caught<T>(pub AbiFuture<T>);

impl<T> Future for Caught<T> {
    type Output = Result<T, Box<Fault>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.0).poll(cx)));
        match polled {
            Ok(poll) => poll.map(answer),
            Err(_) => {
                Poll::Ready(Err(Box::new(Fault::new(FaultKind::Panic, "the plugin panicked outside its module"))))
            }
        }
    }
}
