//! Memory that was needed once.

/// Gives back what was freed. The allocator of the GNU C library keeps it (malloc(3), `M_TRIM_THRESHOLD`): after a large
/// answer a session would stay several times as large as before. Others give it back themselves, or have no call for it.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes and returns numbers only, and may be called at any time by any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
