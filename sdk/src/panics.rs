//! Panics as errors: what was said, and where. The SDK catches at every edge of the boundary and around blocking work.

use crate::error::{Error, Result};
use pypeline_schema::fault::{Fault, FaultKind};
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// `file:line:column` of this thread's last panic; the payload alone does not tell.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the place of a panic and prints nothing: the host reports it. The hook is this library's own, since a plugin
/// carries its own copy of the standard library.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string);
            // A panic while the thread's locals are destroyed has no place to tell.
            let _ = PLACE.try_with(|slot| *slot.borrow_mut() = place);
        }));
    });
}

/// Runs `work`; a panic becomes an error that says what and where.
pub fn catch<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    install_hook();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(panicked(payload.as_ref())))
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a text".to_owned(),
    };
    let mut fault = Fault::new(FaultKind::Panic, format!("the module panicked: {text}"));
    fault.place = PLACE.with(|slot| slot.borrow_mut().take());
    Error::from_fault(fault)
}
