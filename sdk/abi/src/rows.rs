//! Ports as they cross the boundary: a schema once, then arrays; bounded, so that a slow reader holds a fast writer back.

use crate::arrow_c::{ArrowArray, ArrowArrayStream, ArrowSchema};
use crate::{AbiFuture, AbiResult};
use abi_stable::sabi_trait;
use abi_stable::std_types::{RBox, ROption, RString};

/// Rows coming in on one port.
#[sabi_trait]
pub trait InputPort: Send + Sync + 'static {
    /// The port's name.
    fn name(&self) -> RString;

    /// A struct type whose children are the columns.
    fn schema(&self) -> AbiResult<ArrowSchema>;

    /// The next rows, as a struct array; none at the end.
    fn next(&self) -> AbiFuture<ROption<ArrowArray>>;

    /// All remaining rows in the blocking form, for code that is not async.
    #[sabi(last_prefix_field)]
    fn stream(&self) -> AbiResult<ArrowArrayStream>;
}

/// Rows going out on one port.
#[sabi_trait]
pub trait OutputPort: Send + Sync + 'static {
    /// The port's name.
    fn name(&self) -> RString;

    /// Somebody reads this port.
    fn is_linked(&self) -> bool;

    /// Declares the columns, once, before the first rows: a struct type whose children are the columns.
    fn open(&self, schema: ArrowSchema) -> AbiResult<()>;

    /// Hands over rows; ends when the reader has room.
    fn send(&self, rows: ArrowArray) -> AbiFuture<()>;

    /// Hands over a whole stream in the blocking form; the host pulls it on its pool and gives the number of rows.
    #[sabi(last_prefix_field)]
    fn send_stream(&self, stream: ArrowArrayStream) -> AbiFuture<u64>;
}

/// An owned [`InputPort`].
pub type InputPortBox = InputPort_TO<RBox<()>>;
/// An owned [`OutputPort`].
pub type OutputPortBox = OutputPort_TO<RBox<()>>;
