//! The C library's allocator, told what kind of process this is.
//!
//! A batch is a few hundred kilobytes that one thread allocates and another frees. glibc gives each thread an arena and
//! each arena's free end back to the system, so that most batches begin with page faults: a fifth of what it costs to
//! forward them, measured with `spangate-bench forwarding`.

#![expect(unsafe_code, reason = "mallopt and malloc_trim are functions of C")]

/// Keeps memory that was freed for what comes next: up to 16 MiB at the end of an arena, with one arena for four
/// processors. For a program that does little else than run exporters; `spangate run` calls it.
///
/// Call it first in `main`: threads that run already keep their arenas. It holds for the whole process, and does nothing
/// where the C library is not glibc or another allocator is in use.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Bytes at the end of an arena.
        const KEPT: libc::c_int = 16 << 20;
        /// Bytes from which on memory is mapped for each allocation alone.
        const ALONE: libc::c_int = 4 << 20;
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let arenas = libc::c_int::try_from(processors.div_ceil(4)).unwrap_or(libc::c_int::MAX);
        for (parameter, value) in
            [(libc::M_TRIM_THRESHOLD, KEPT), (libc::M_MMAP_THRESHOLD, ALONE), (libc::M_ARENA_MAX, arenas)]
        {
            // SAFETY: takes two numbers and a lock of its own; a value it does not like it refuses, and that is harmless.
            let _ = unsafe { libc::mallopt(parameter, value) };
        }
    }
}

/// Gives memory that was freed back to the system, wherever it lies: after something that took far more than usual. Takes
/// milliseconds; does nothing where the C library is not glibc.
#[cfg(feature = "compiler")]
pub(crate) fn give_back_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: takes a number and locks of its own, and touches no memory that is in use.
        let _ = unsafe { libc::malloc_trim(0) };
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::keep_freed_memory;

    /// Page faults of this thread so far that needed no disk.
    fn faults() -> i64 {
        // SAFETY: all zeros is a value of this plain structure, and the call fills it.
        unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
            usage.ru_minflt
        }
    }

    /// Faults of a thread that allocates eight pieces of a mebibyte and frees them, as often; the first time is not counted.
    fn faults_of(times: usize) -> i64 {
        std::thread::spawn(move || {
            let fill = || drop(std::hint::black_box([1_u8; 8].map(|byte| vec![byte; 1 << 20])));
            fill();
            let before = faults();
            (0..times).for_each(|_| fill());
            faults() - before
        })
        .join()
        .unwrap()
    }

    #[test]
    fn what_was_freed_is_there_for_the_next_batch() {
        keep_freed_memory();
        let (times, pages) = (20, 8 * (1 << 20) / 4096);
        assert!(faults_of(times) < times as i64 * pages / 10, "{}", faults_of(times));
    }
}
