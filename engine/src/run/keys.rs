//! Keys of frames and sub flows: what an item is, not where it stood. A list that is made again in another order still finds
//! what was done for its items.

use pypeline_schema::execution_metadata::SubFlowLink;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Bytes of a SHA-256.
pub(in crate::run) type Key = [u8; 16];

/// The flow itself.
pub(in crate::run) const FLOW: Key = [0; 16];

/// What an item is.
pub(in crate::run) fn content(item: &Value) -> Key {
    let mut hasher = Sha256::new();
    // Writing to a hash cannot fail.
    let _ = serde_json::to_writer(HashWriter(&mut hasher), item);
    first_half(hasher)
}

/// The frame of an item, in a loop, in a frame; `occurrence` tells equal items from one another.
pub(in crate::run) fn frame(parent: &Key, link: &SubFlowLink, content: &Key, occurrence: u64) -> Key {
    let mut hasher = Sha256::new();
    if !pypeline_disk::faults::planted("frame-key-without-path") {
        hasher.update(parent);
    }
    for part in [&link.node, &link.to, link.list_port.as_ref().unwrap_or(&link.node)] {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.update(content);
    hasher.update(occurrence.to_le_bytes());
    first_half(hasher)
}

/// A sub flow in a frame.
pub(in crate::run) fn sub_flow(frame: &Key, name: &str) -> Key {
    first_half(Sha256::new().chain_update(frame).chain_update(name))
}

fn first_half(hasher: Sha256) -> Key {
    let mut key = [0; 16];
    key.iter_mut().zip(hasher.finalize()).for_each(|(to, from)| *to = from);
    key
}

/// 32 hex digits.
pub(in crate::run) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of these digits.
pub(in crate::run) fn parse(digits: &str) -> Option<Key> {
    let mut key = [0; 16];
    if digits.len() != 2 * key.len() {
        return None;
    }
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(key)
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_tell_paths_loops_items_and_equal_items_apart() {
        let link = |to: &str| SubFlowLink {
            from: "a".to_owned(),
            to: to.to_owned(),
            node: "a".to_owned(),
            order: 1,
            condition: "iterate".to_owned(),
            list_port: None,
            line: 1,
        };
        let (x, y) = (content(&json!({"path": "x"})), content(&json!({"path": "y"})));
        let outer = frame(&FLOW, &link("b"), &x, 0);
        let keys = [
            outer,
            frame(&FLOW, &link("b"), &x, 1),
            frame(&FLOW, &link("b"), &y, 0),
            frame(&FLOW, &link("c"), &x, 0),
            frame(&outer, &link("b"), &x, 0),
            sub_flow(&outer, "b"),
            sub_flow(&FLOW, "b"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key));
            assert_eq!(parse(&hex(key)), Some(*key));
        }
        assert_eq!(frame(&FLOW, &link("b"), &x, 0), outer);
        assert_eq!(parse("zz"), None);
    }
}
