//! A section in the plugin's file that says what it is, readable without running a line of the plugin.

use crate::{ABI_MAJOR, ABI_MINOR};

/// Name of the section that holds a [`PluginMeta`].
#[cfg(not(target_os = "macos"))]
pub const SECTION: &str = ".pype";
/// Name of the section that holds a [`PluginMeta`].
#[cfg(target_os = "macos")]
pub const SECTION: &str = "__pype";

/// First bytes of the section.
pub const MAGIC: [u8; 16] = *b"pype plugin meta";

/// Bytes of a [`PluginMeta`].
pub const SIZE: usize = 96;

/// The section's content; all integers little-endian, texts padded with zeros.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PluginMeta {
    magic: [u8; 16],
    abi_major: [u8; 2],
    abi_minor: [u8; 2],
    panic_unwind: u8,
    pointer_width: u8,
    reserved: [u8; 10],
    target: [u8; 32],
    sdk_version: [u8; 32],
}

const _: () = assert!(size_of::<PluginMeta>() == SIZE);

impl PluginMeta {
    /// The section of a plugin compiled against this crate by an SDK of `sdk_version`.
    pub const fn of_sdk(sdk_version: &str) -> Self {
        Self::with_major(ABI_MAJOR, sdk_version)
    }

    /// The same with another major version; for tests of the handshake.
    pub const fn with_major(major: u16, sdk_version: &str) -> Self {
        Self {
            magic: MAGIC,
            abi_major: major.to_le_bytes(),
            abi_minor: ABI_MINOR.to_le_bytes(),
            panic_unwind: cfg!(panic = "unwind") as u8,
            pointer_width: usize::BITS as u8,
            reserved: [0; 10],
            target: padded(target()),
            sdk_version: padded(sdk_version),
        }
    }
}

/// What a host reads from the section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaView {
    /// Major version of the ABI that the plugin was built for.
    pub abi_major: u16,
    /// Minor version of the same.
    pub abi_minor: u16,
    /// Panics unwind, so that they can be caught.
    pub panic_unwind: bool,
    /// Architecture and system.
    pub target: String,
    /// Version of the SDK that the plugin was built with.
    pub sdk_version: String,
}

impl MetaView {
    /// Reads a section; `None` if it is not one of ours.
    pub fn read(section: &[u8]) -> Option<Self> {
        let (magic, rest) = section.split_at_checked(16)?;
        if magic != MAGIC || section.len() < SIZE {
            return None;
        }
        let two = |at: usize| Some(u16::from_le_bytes(rest.get(at..at + 2)?.try_into().ok()?));
        let text = |at: usize| {
            let bytes: Vec<u8> = rest.get(at..at + 32)?.iter().copied().take_while(|b| *b != 0).collect();
            String::from_utf8(bytes).ok()
        };
        Some(Self {
            abi_major: two(0)?,
            abi_minor: two(2)?,
            panic_unwind: *rest.get(4)? == 1,
            target: text(16)?,
            sdk_version: text(48)?,
        })
    }
}

/// Architecture and system that this crate is compiled for.
pub const fn target() -> &'static str {
    match (cfg!(target_arch = "x86_64"), cfg!(target_arch = "aarch64"), cfg!(target_os = "macos")) {
        (true, _, true) => "x86_64-macos",
        (true, _, false) => "x86_64-linux",
        (_, true, true) => "aarch64-macos",
        (_, true, false) => "aarch64-linux",
        _ => "other",
    }
}

// Evaluated by the compiler, where an index out of bounds is a compile error and iterators are not to be had.
#[allow(clippy::indexing_slicing)]
const fn padded(text: &str) -> [u8; 32] {
    let bytes = text.as_bytes();
    let mut out = [0_u8; 32];
    let mut at = 0;
    while at < bytes.len() && at < 32 {
        out[at] = bytes[at];
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let meta = PluginMeta::of_sdk("0.1.0");
        // SAFETY: `PluginMeta` is `repr(C)` bytes without padding, see the size assertion above.
        let bytes: [u8; SIZE] = unsafe { std::mem::transmute(meta) };
        let view = MetaView::read(&bytes).unwrap();
        assert_eq!((view.abi_major, view.abi_minor), (ABI_MAJOR, ABI_MINOR));
        assert_eq!((view.sdk_version.as_str(), view.target.as_str()), ("0.1.0", target()));
        assert!(view.panic_unwind);
        assert_eq!(MetaView::read(&bytes[1..]), None);
        assert_eq!(MetaView::read(&bytes[..50]), None);
        assert_eq!(MetaView::read(b""), None);
    }
}
