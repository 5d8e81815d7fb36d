//! Results and futures as they cross: no panic may, or the process would abort.

use crate::error::{Error, Result};
use crate::panics::catch;
use pypeline_abi::{AbiFuture, AbiResult, FutureExt, RResult, RString};
use pypeline_schema::fault::{Fault, FaultKind};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A result as it crosses: the error as JSON text.
pub fn to_abi<T>(result: Result<T>) -> AbiResult<T> {
    match result {
        Ok(value) => RResult::ROk(value),
        Err(error) => RResult::RErr(error.to_json()),
    }
}

/// A future as it crosses: its panics are caught in `poll` and in `drop`, and the plugin's own tokio runtime, if it has
/// one, is entered around both.
pub fn guarded<T: 'static>(future: impl Future<Output = Result<T>> + Send + 'static) -> AbiFuture<T> {
    Guarded(Some(Box::pin(future))).into_ffi()
}

struct Guarded<T>(Option<Pin<Box<dyn Future<Output = Result<T>> + Send>>>);

impl<T> Future for Guarded<T> {
    type Output = AbiResult<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = self.0.as_mut() else {
            return Poll::Ready(to_abi(Err(Error::other("a future was polled after its end"))));
        };
        let polled = in_runtime(|| catch(|| Ok(future.as_mut().poll(cx))));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(to_abi(result)),
            Err(error) => Poll::Ready(to_abi(Err(error))),
        }
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        let future = self.0.take();
        // Nobody waits for the result of a dropped future: a panic in its drop ends here.
        let _ = in_runtime(|| {
            catch(|| {
                drop(future);
                Ok(())
            })
        });
    }
}

#[cfg(not(feature = "tokio"))]
fn in_runtime<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(feature = "tokio")]
fn in_runtime<R>(work: impl FnOnce() -> R) -> R {
    use std::sync::OnceLock;
    static RUNTIME: OnceLock<Option<tokio::runtime::Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(16)
            .thread_name("pype-plugin")
            .enable_all()
            .build()
            .ok()
    });
    let _entered = runtime.as_ref().map(tokio::runtime::Runtime::enter);
    work()
}

impl Error {
    /// The failure as JSON text.
    pub fn to_json(self) -> RString {
        let fault = self.into_fault();
        serde_json::to_string(&fault).unwrap_or(fault.message).into()
    }

    /// The host's answer; its error is a fault as JSON text.
    pub(crate) fn from_abi<T>(result: AbiResult<T>) -> Result<T> {
        result.into_result().map_err(|json| {
            let fault =
                serde_json::from_str(&json).unwrap_or_else(|_| Fault::new(FaultKind::Contract, json.into_string()));
            Self::from_fault(fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct PanicsOnDrop;

    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }

    fn poll_once<T>(future: &mut AbiFuture<T>) -> Poll<AbiResult<T>> {
        Pin::new(future).poll(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn a_panic_in_poll_tells_text_and_place() {
        let mut future = guarded::<()>(async { panic!("boom {}", 1) });
        let Poll::Ready(RResult::RErr(json)) = poll_once(&mut future) else { panic!("no error") };
        let fault: Fault = serde_json::from_str(&json).unwrap();
        assert_eq!(fault.kind, FaultKind::Panic);
        assert!(fault.message.contains("boom 1"));
        assert!(fault.place.unwrap().contains("guard.rs"));
    }

    #[test]
    fn a_panic_while_an_unfinished_future_is_dropped_stays_inside() {
        let mut future = guarded::<()>(async {
            let _bomb = PanicsOnDrop;
            std::future::pending().await
        });
        assert!(poll_once(&mut future).is_pending());
        drop(future);
    }
}
