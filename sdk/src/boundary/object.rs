//! A module instance behind the boundary's object: futures that own it while they run and give it back when they end.

use crate::boundary::guard::guarded;
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::io::Io;
use crate::module::Module;
use pypeline_abi::module::{ModuleBox, ModuleObject, ModuleObject_TO, RunIo};
use pypeline_abi::sabi_trait::TD_Opaque;
use pypeline_abi::{AbiFuture, RString};
use std::sync::{Arc, Mutex, PoisonError};

/// Wraps an instance for the host.
pub(super) fn object<M: Module>(module: M, context: RunContext) -> ModuleBox {
    let object = Object { slot: Arc::new(Mutex::new(Some(module))), context };
    ModuleObject_TO::from_value(object, TD_Opaque)
}

struct Object<M> {
    slot: Arc<Mutex<Option<M>>>,
    context: RunContext,
}

/// The instance while one future uses it. Dropped at any point, it puts the instance back, so that `teardown` can be
/// called after a `run` that the host abandoned.
struct Taken<M> {
    slot: Arc<Mutex<Option<M>>>,
    module: Option<M>,
}

impl<M> Taken<M> {
    fn new(slot: &Arc<Mutex<Option<M>>>) -> Self {
        let module = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        Self { slot: Arc::clone(slot), module }
    }

    fn module(&mut self) -> Result<&mut M> {
        self.module.as_mut().ok_or_else(|| Error::other("the host called a module that is still at work"))
    }
}

impl<M> Drop for Taken<M> {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(module);
        }
    }
}

impl<M: Module> ModuleObject for Object<M> {
    fn setup(&self) -> AbiFuture<()> {
        let (mut taken, context) = (Taken::new(&self.slot), self.context.clone());
        guarded(async move { taken.module()?.setup(&context).await })
    }

    fn run(&self, io: RunIo) -> AbiFuture<RString> {
        let (mut taken, context) = (Taken::new(&self.slot), self.context.clone());
        guarded(async move {
            let mut io = Io::new(context, io);
            taken.module()?.run(&mut io).await?;
            Ok(RString::from("{}"))
        })
    }

    fn teardown(&self) -> AbiFuture<()> {
        let (mut taken, context) = (Taken::new(&self.slot), self.context.clone());
        guarded(async move { taken.module()?.teardown(&context).await })
    }
}
