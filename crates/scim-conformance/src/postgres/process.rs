use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::PostgresError;

/// Runs a program to its end; what it wrote, or why it failed.
pub(super) fn output(command: &mut Command) -> Result<String, PostgresError> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(PostgresError::of(&name))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = last_lines(&String::from_utf8_lossy(&output.stderr), 8);
    Err(PostgresError::new(format!("{name} failed: {said}")))
}

/// The last lines of a text, in one.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = lines.len().saturating_sub(count);
    lines.get(first..).unwrap_or_default().join("; ")
}

/// Sends a signal. `kill` is built into every shell, and not every machine has it as a program.
pub(super) fn signal(name: &str, processes: &[u32]) -> Result<(), PostgresError> {
    let processes = processes.iter().map(u32::to_string);
    let mut command = Command::new("sh");
    command.args(["-c", "kill \"$@\"", "sh", "-s", name]).args(processes);
    output(&mut command).map(drop)
}

/// The children of a process that have not ended.
pub(super) fn children(parent: u32) -> Result<Vec<u32>, PostgresError> {
    if let Ok(processes) = fs::read_dir("/proc/self/task").and_then(|_| fs::read_dir("/proc")) {
        let all = processes.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
        return Ok(all.filter_map(|stat| child_of(parent, &stat)).collect());
    }
    let listed = output(Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat="]))?;
    let all = listed.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (process, its_parent, state) = (fields.next()?, fields.next()?, fields.next()?);
        let is_child = its_parent.parse() == Ok(parent) && !state.starts_with('Z');
        is_child.then(|| process.parse().ok())?
    });
    Ok(all.collect())
}

/// The process of `/proc/<process>/stat`, `7 (name) S 1 ..`, if it is a child of `parent` and no zombie.
fn child_of(parent: u32, stat: &str) -> Option<u32> {
    let (process, _) = stat.split_once(' ')?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let (state, its_parent) = (fields.next()?, fields.next()?);
    let is_child = its_parent.parse() == Ok(parent) && state != "Z" && state != "X";
    is_child.then(|| process.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_told_from_others() {
        assert_eq!(child_of(7, "12 (a b) c) S 7 12 12 0"), Some(12));
        assert_eq!(child_of(7, "12 (a) Z 7 12"), None);
        assert_eq!(child_of(7, "12 (a) S 70 7"), None);
        assert_eq!(child_of(7, ""), None);
    }

    #[test]
    fn a_child_is_listed_until_it_ends() {
        let mut child = Command::new("sh")
            .args(["-c", "read line"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        assert!(children(std::process::id()).unwrap().contains(&child.id()));
        signal("KILL", &[child.id()]).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(!children(std::process::id()).unwrap().contains(&child.id()));
    }

    #[test]
    fn a_failure_says_why() {
        let error = output(Command::new("sh").args(["-c", "echo one >&2; echo two >&2; exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "sh failed: one; two");
        assert!(
            output(&mut Command::new("/nowhere/tool"))
                .unwrap_err()
                .to_string()
                .starts_with("tool: ")
        );
    }
}
