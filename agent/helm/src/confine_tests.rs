use super::*;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;

/// A shell, its home, and a file of somebody else.
struct Shell {
    program: PathBuf,
    home: TempDir,
    canary: PathBuf,
    _others: TempDir,
}

impl Shell {
    fn new() -> Self {
        let path = std::env::var_os("PATH").unwrap();
        let program = std::env::split_paths(&path).map(|folder| folder.join("bash")).find(|file| file.is_file());
        let others = TempDir::new().unwrap();
        let canary = others.path().join("canary");
        fs::write(&canary, "CANARY").unwrap();
        Self { program: program.unwrap(), home: TempDir::new().unwrap(), canary, _others: others }
    }

    /// Runs a line within `walls`; whether it succeeded, and what it wrote.
    fn run(&self, line: &str, walls: Walls) -> (bool, String) {
        let mut command = Command::new(&self.program);
        command.args(["-c", line]).env_clear().current_dir(self.home.path());
        command.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
        let built = Built::around(&self.program, self.home.path(), walls).unwrap();
        confine(&mut command, built, Bounds { cpu_seconds: 5, data: 1 << 30 });
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        (output.status.success(), said)
    }
}

#[test]
fn a_confined_child_reaches_no_network_and_no_other_process() {
    let shell = Shell::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo there");
    let (went, said) = shell.run(&connect, Walls::NONE);
    assert!(went && said.contains("there"), "the test itself can connect: {said}");
    for walls in [Walls::ALL, Walls { files: false, ..Walls::ALL }] {
        let (went, said) = shell.run(&connect, walls);
        assert!(!went && !said.contains("there"), "{said}");
        let (went, _) = shell.run(&format!("kill -0 {}", std::process::id()), walls);
        assert!(!went, "nor may it send signals");
        let (went, said) = shell.run("echo works; ulimit -c", walls);
        assert!(went && said.contains("works\n0"), "{said}");
    }
}

#[test]
fn a_confined_child_reaches_no_files_but_its_own() {
    let shell = Shell::new();
    let (canary, home) = (shell.canary.display(), shell.home.path().display());
    let folder = shell.canary.parent().unwrap().display();
    let link = shell.home.path().join("link");
    std::os::unix::fs::symlink(&shell.canary, &link).unwrap();
    for (line, says) in [
        (format!("cat {canary}"), "CANARY"),
        (format!("read -r line <{canary}; echo $line; [ -n \"$line\" ]"), "CANARY"),
        ("cat link".to_owned(), "CANARY"),
        (format!("cat {home}/../{}/canary", shell.canary.parent().unwrap().file_name().unwrap().display()), "CANARY"),
        (format!("ls {folder}"), "canary"),
        ("cat /etc/passwd".to_owned(), "root:"),
        ("cat /proc/$PPID/environ >copy && echo read".to_owned(), "read"),
        (format!("echo x >{folder}/new && echo written"), "written"),
        (format!("echo x >>{canary} && echo written"), "written"),
        (format!("rm {folder}/new && echo removed"), "removed"),
    ] {
        let (went, said) = shell.run(&line, Walls::NONE);
        assert!(went && said.contains(says), "the test itself can do it: {line}: {said}");
        for walls in [Walls::ALL, Walls { network: false, ..Walls::ALL }] {
            // What the line above removes is there again for the next ones.
            fs::write(shell.canary.with_file_name("new"), "").unwrap();
            let (went, said) = shell.run(&line, walls);
            assert!(!went && !said.contains(says), "{line}: {said}");
        }
    }
    let own = "mkdir -p a/b && echo mine >a/b/c && mv a/b/c d && cat d && rm -r a && echo >/dev/null";
    let (went, said) = shell.run(own, Walls::ALL);
    assert!(went && said.contains("mine"), "its own folder is its own: {said}");
}

#[test]
fn without_a_program_there_is_nothing_to_confine() {
    let home = TempDir::new().unwrap();
    let error = Built::around(&home.path().join("none"), home.path(), Walls::ALL).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
