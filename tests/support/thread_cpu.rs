//! CPU time of threads of this process, by their names. Linux tells it; elsewhere it is zero.

use std::{fs, path::Path, time::Duration};

/// What the threads whose names begin with `prefix` have used since they were started. A thread that has ended counts no
/// more; of a name Linux knows the first 15 bytes.
pub fn cpu_of_threads(prefix: &str) -> Duration {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.filter_map(|task| cpu_of(&task.path(), prefix)).sum()
}

/// proc_pid_schedstat(5): nanoseconds on a processor, then two more numbers.
fn cpu_of(task: &Path, prefix: &str) -> Option<Duration> {
    let name = fs::read_to_string(task.join("comm")).ok()?;
    if !name.starts_with(prefix) {
        return None;
    }
    let numbers = fs::read_to_string(task.join("schedstat")).ok()?;
    numbers.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Instant};

    use super::*;

    #[test]
    fn only_threads_of_that_name_count() {
        let (end, may_end) = mpsc::sync_channel::<()>(0);
        let (done, is_done) = mpsc::sync_channel(1);
        let burn = move || {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(20) {}
            done.send(()).unwrap();
            may_end.recv().unwrap_err();
        };
        let before = cpu_of_threads("burning");
        let thread = thread::Builder::new().name("burning-test".to_owned()).spawn(burn).unwrap();
        is_done.recv().unwrap();
        // It may be behind by one tick of the scheduler, and has been waited for.
        if cfg!(target_os = "linux") {
            assert!(cpu_of_threads("burning") > before);
            assert_eq!(cpu_of_threads("another"), Duration::ZERO);
        }
        drop(end);
        thread.join().unwrap();
    }
}
