//! Programs that refuse to run as root.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

/// Has a program run as a user who may do little, where this test runs as root, and gives these
/// files and folders to that user.
pub fn run_unprivileged(command: &mut Command, paths: &[&Path]) {
    if id(&["-u"]) != Some(0) {
        return;
    }
    let name = if id(&["-u", "postgres"]).is_some() { "postgres" } else { "nobody" };
    let (user, group) = (id(&["-u", name]).unwrap(), id(&["-g", name]).unwrap());
    for path in paths {
        std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
    }
    command.uid(user).gid(group);
}

fn id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
