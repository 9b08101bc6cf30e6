//! Foreign programs as children that never outlive the test, with logs that can be shown when something fails.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

/// A running program. Dropping it kills it; so does the end of this process, even by `kill -9`.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the program with both outputs appended to `log`.
    ///
    /// It gets a process group of its own: an interrupt from the terminal reaches the test alone, which then ends its
    /// children in the order it wants.
    ///
    /// # Errors
    /// When the program or the log file cannot be opened.
    pub fn spawn(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.with_context(|| format!("open the log {}", log.display()))?;
        let second = file.try_clone().context("share the log")?;
        command.stdin(Stdio::null()).stdout(file).stderr(second);
        let child = spawn_from_lasting_thread(command).with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_path_buf() })
    }

    /// The name given at the start.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails once the program has ended by itself, with the end of its log in the error.
    ///
    /// # Errors
    /// Exactly then, or when the operating system cannot say.
    pub fn still_running(&mut self) -> Result<()> {
        match self.child.try_wait().with_context(|| format!("look after {}", self.name))? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}; its log ends with:\n{}", self.name, self.log_tail(25)),
        }
    }

    /// The last lines of what it wrote.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let skip = text.lines().count().saturating_sub(lines);
        text.lines().skip(skip).collect::<Vec<_>>().join("\n")
    }

    /// Sends a signal by its name without `SIG`: `STOP` makes a server hang with its connections open, `CONT` ends that.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let status = Command::new("kill").args(["-s", signal, &self.id().to_string()]).status().context("run kill")?;
        if !status.success() {
            bail!("{} (process {}) took no signal {signal}", self.name, self.id());
        }
        Ok(())
    }

    /// The CPU time it has used, user and system together.
    ///
    /// # Errors
    /// When it is gone, or the system has no `/proc`.
    pub fn cpu_time(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.id());
        let stat = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        cpu_time(&stat).with_context(|| format!("{path} is not as expected"))
    }

    /// Kills it and waits until it is gone, so that its ports and files are free.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill().with_context(|| format!("kill {}", self.name))?;
        self.child.wait().with_context(|| format!("wait for {}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the parent-death signal is still behind it.
        let _ = self.kill();
    }
}

/// Fields 14 and 15, in ticks of which Linux shows user space 100 a second on every architecture. The second field is the
/// program's name in parentheses and may hold spaces, so counting begins behind it.
fn cpu_time(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map_while(|field| field.parse::<u64>().ok());
    Some(Duration::from_millis(10 * (ticks.next()? + ticks.next()?)))
}

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts the command from a thread that lives as long as the process.
///
/// Linux sends the parent-death signal when the *thread* that forked ends, and a test's threads end long before the
/// process does.
fn spawn_from_lasting_thread(mut command: Command) -> Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, received) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in received {
                // The receiver waits for this answer, it cannot be gone.
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    end_with_parent(&mut command);
    let (answer, child) = mpsc::channel();
    spawner.send((command, answer)).map_err(|_| anyhow!("the spawning thread is gone"))?;
    Ok(child.recv().context("the spawning thread is gone")??)
}

/// Makes the kernel kill the child as soon as its parent is gone. Elsewhere than on Linux only `Drop` ends it.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn end_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    let parent = std::process::id();
    command.process_group(0);
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. prctl and getppid are, and nothing here
    // allocates: the errors are made from plain numbers.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have died before the call above, and then no signal ever comes.
            if libc::getppid().cast_unsigned() != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::{Process, cpu_time};

    fn shell(script: &str, dir: &std::path::Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::spawn("script", command, &dir.join("log")).unwrap()
    }

    #[test]
    fn an_early_end_shows_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = shell("echo out; echo broken pipe dream >&2; exit 3", dir.path());
        let started = Instant::now();
        let error = loop {
            if let Err(error) = process.still_running() {
                break error.to_string();
            }
            assert!(started.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(error.contains("exit status: 3") && error.contains("broken pipe dream"), "{error}");
    }

    #[test]
    fn a_child_outlives_the_thread_that_asked_for_it_and_dies_when_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_path_buf();
        let mut process = std::thread::spawn(move || shell("exec sleep 600", &path)).join().unwrap();
        process.still_running().unwrap();
        process.signal("STOP").unwrap();
        process.signal("CONT").unwrap();
        let id = process.id();
        drop(process);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn children_end_with_a_process_that_is_killed() {
        const ROLE: &str = "TEAL_TESTKIT_DOOMED";
        if let Some(dir) = std::env::var_os(ROLE) {
            let child = shell("exec sleep 600", std::path::Path::new(&dir));
            println!("child={}", child.id());
            std::thread::sleep(Duration::from_secs(600));
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let this_test = "processes::tests::children_end_with_a_process_that_is_killed";
        let mut doomed = Command::new(std::env::current_exe().unwrap())
            .args([this_test, "--exact", "--nocapture"])
            .env(ROLE, dir.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(doomed.stdout.take().unwrap());
        let child = std::io::BufRead::lines(lines)
            .map_while(Result::ok)
            .find_map(|line| line.split_once("child=").map(|(_, id)| id.trim().to_owned()))
            .unwrap();
        assert!(std::path::Path::new(&format!("/proc/{child}")).exists());
        doomed.kill().unwrap();
        doomed.wait().unwrap();
        let started = Instant::now();
        while std::path::Path::new(&format!("/proc/{child}/exe")).read_link().is_ok() {
            assert!(started.elapsed() < Duration::from_secs(60), "the child still runs");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn cpu_time_is_read_behind_any_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0";
        assert_eq!(cpu_time(stat), Some(Duration::from_secs(2)));
    }
}
