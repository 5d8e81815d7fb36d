//! The three structs of the Arrow C data and stream interfaces, as the Arrow project defines them.
//!
//! Any Arrow library can be on either side: no Arrow library's own type ever crosses.
//! Source: <https://arrow.apache.org/docs/format/CDataInterface.html>, `CStreamInterface.html`.

use abi_stable::StableAbi;
use std::ffi::{c_char, c_int, c_void};

/// `struct ArrowSchema`. Released on drop.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(unsafe_opaque_fields)]
#[allow(missing_docs)]
pub struct ArrowSchema {
    pub format: *const c_char,
    pub name: *const c_char,
    pub metadata: *const c_char,
    pub flags: i64,
    pub n_children: i64,
    pub children: *mut *mut ArrowSchema,
    pub dictionary: *mut ArrowSchema,
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    pub private_data: *mut c_void,
}

/// `struct ArrowArray`. Released on drop.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(unsafe_opaque_fields)]
#[allow(missing_docs)]
pub struct ArrowArray {
    pub length: i64,
    pub null_count: i64,
    pub offset: i64,
    pub n_buffers: i64,
    pub n_children: i64,
    pub buffers: *mut *const c_void,
    pub children: *mut *mut ArrowArray,
    pub dictionary: *mut ArrowArray,
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    pub private_data: *mut c_void,
}

/// `struct ArrowArrayStream`: the blocking form, for code that is not async. Released on drop.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(unsafe_opaque_fields)]
#[allow(missing_docs)]
pub struct ArrowArrayStream {
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    pub release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    pub private_data: *mut c_void,
}

macro_rules! released_on_drop {
    ($($name:ident),*) => {$(
        // SAFETY: the Arrow C data interface lets a structure be moved and released on any thread.
        unsafe impl Send for $name {}

        impl Drop for $name {
            fn drop(&mut self) {
                if let Some(release) = self.release.take() {
                    // The callback clears the field itself and reads it as "not yet released": give it back first.
                    self.release = Some(release);
                    // SAFETY: a structure with a release callback is live and ours, as the interface demands; it is
                    // released once, since the callback sets `release` to null.
                    unsafe { release(self) };
                }
            }
        }
    )*};
}

released_on_drop!(ArrowSchema, ArrowArray, ArrowArrayStream);
