//! The tuned build uses instructions of the x86-64-v3 level: on a CPU without them, say so instead of dying of SIGILL.

/// The name of a missing feature, if this build needs one that the CPU lacks.
///
/// The answer comes from the CPU itself: `is_x86_feature_detected!` takes for granted what the build was compiled for.
#[cfg(all(target_arch = "x86_64", target_feature = "avx2"))]
#[inline(never)]
pub fn check() -> Result<(), &'static str> {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    let basic = __cpuid(1);
    let extended = __cpuid_count(7, 0);
    let needed = [
        (basic.ecx & (1 << 28) != 0, "AVX"),
        (basic.ecx & (1 << 12) != 0, "FMA"),
        (extended.ebx & (1 << 5) != 0, "AVX2"),
        (extended.ebx & (1 << 8) != 0, "BMI2"),
    ];
    match needed.into_iter().find(|(is_there, _)| !is_there) {
        Some((_, name)) => Err(name),
        None => Ok(()),
    }
}

/// A portable build runs everywhere.
#[cfg(not(all(target_arch = "x86_64", target_feature = "avx2")))]
pub fn check() -> Result<(), &'static str> {
    Ok(())
}
