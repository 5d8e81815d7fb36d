//! Texts, numbers and chance, the same on every machine. Digits are made by hand: `write!` is several times slower.

/// One of some texts.
pub fn push_one_of(out: &mut Vec<u8>, random: &mut SplitMix64, pool: &[&str]) {
    let at = random.below(pool.len() as u64) as usize;
    push_text(out, pool.get(at).copied().unwrap_or_default());
}

/// A text as it is.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// A number with at least so many digits.
pub fn push_number(out: &mut Vec<u8>, mut number: u64, digits: usize) {
    let start = out.len();
    while number > 0 || out.len() < start + digits {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
    }
    if let Some(reversed) = out.get_mut(start..) {
        reversed.reverse();
    }
}

/// Sebastiano Vigna's SplitMix64: small, fast, and the same everywhere.
pub struct SplitMix64(pub u64);

impl SplitMix64 {
    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from zero to below `limit`; the high half of a product, which is cheaper than a remainder.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(limit)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        let mut random = SplitMix64(1_234_567);
        assert_eq!([random.draw(), random.draw()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn numbers_are_padded() {
        let mut out = Vec::new();
        push_number(&mut out, 0, 1);
        push_number(&mut out, 7, 2);
        push_number(&mut out, 1234, 2);
        assert_eq!(out, b"0071234");
    }
}
