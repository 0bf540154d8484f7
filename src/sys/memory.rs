//! Return of freed heap memory to the system.

/// Returns freed heap memory to the system.
///
/// The GNU C library keeps freed memory below the top of the heap (mallopt(3), `M_TRIM_THRESHOLD`): a session would stay
/// several times as large after one large response. Other allocators release it themselves or offer no call for it.
pub fn trim_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim(3) takes and returns integers, is MT-safe, and releases only memory that is not allocated.
    unsafe {
        libc::malloc_trim(0);
    }
}
