//! CPU time of threads of this process, by their names. Linux tells it; elsewhere it is zero.

use std::{fs, path::Path, process, time::Duration};

/// What the threads whose names begin with `prefix` have used since they were started. A thread that has ended counts no
/// more; of a name Linux knows the first 15 bytes. The main thread, which has the program's name, never counts.
pub fn cpu_of_threads(prefix: &str) -> Duration {
    let main = process::id().to_string();
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.filter(|task| *task.file_name() != *main).filter_map(|task| cpu_of(&task.path(), prefix)).sum()
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

    #[test]
    fn the_main_thread_does_not_count_whatever_the_program_is_called() {
        let name = format!("/proc/self/task/{}/comm", process::id());
        let Ok(before) = fs::read_to_string(&name) else { return };
        fs::write(&name, "main-of-test").unwrap();
        let (named, counted) = (fs::read_to_string(&name).unwrap(), cpu_of_threads("main-of-test"));
        fs::write(&name, before.trim_end()).unwrap();
        assert_eq!((named.trim_end(), counted), ("main-of-test", Duration::ZERO));
    }
}
