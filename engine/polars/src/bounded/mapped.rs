//! Files that the query engine has mapped into memory to read them count as memory of the process for as long as nobody else needs
//! the room. Where a run has a budget, their pages are given back early.

// Advice to the kernel about addresses cannot be said in safe code.
#![allow(unsafe_code)]

/// Smaller mappings are not worth a call.
const WORTH: usize = 4 << 20;

/// Gives back the pages of all files that are mapped to be read.
pub(super) fn give_back() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for (start, len) in maps.lines().filter_map(of_file).filter(|(_, len)| *len >= WORTH) {
        let address = std::ptr::without_provenance_mut(start);
        // SAFETY: MADV_PAGEOUT changes no byte that anybody can see, whatever lies at the address by now: pages that are wanted
        // again are read again. If nothing lies there, it is an error.
        let _ = unsafe { libc::madvise(address, len, libc::MADV_PAGEOUT) };
    }
}

/// Start and length of a shared mapping that can only be read: so are files mapped that are read, and libraries are not.
fn of_file(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_whitespace();
    let (range, mode) = (words.next()?, words.next()?);
    let path = words.nth(3)?;
    if mode != "r--s" || !path.starts_with('/') {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    Some((start, end.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::of_file;

    #[test]
    fn files_that_are_read_are_told_from_the_rest() {
        let line = "7fd3bc600000-7fd3c8e00000 r--s 00000000 fe:00 10010929                   /tmp/a file.csv";
        assert_eq!(of_file(line), Some((0x7fd3_bc60_0000, 0xc80_0000)));
        assert_eq!(of_file("7f00-7f10 r-xp 00000000 fe:00 1 /lib/libc.so"), None);
        assert_eq!(of_file("7f00-7f10 rw-p 00000000 00:00 0"), None);
    }
}
