//! Files below a root, reached step by step so that no link leads out of it.
//!
//! Whoever may put a file into storage may put a link there, to a file that only we may read. The
//! root itself may be a link: whoever set up the machine chose it. Nothing below it is one.

use nix::{
    errno::Errno,
    fcntl::{OFlag, open, openat},
    sys::stat::Mode,
};
use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    path::{Component, Path},
};

/// Opens a folder below a root, for looking up what is in it. `NotFound` where there is none,
/// `InvalidData` where a link or a file is in the way.
pub fn open_folder(root: &Path, folder: &Path) -> io::Result<OwnedFd> {
    // Its list is never asked for, and might not be allowed.
    #[cfg(target_os = "linux")]
    let how = OFlag::O_PATH;
    #[cfg(not(target_os = "linux"))]
    let how = OFlag::O_RDONLY;
    let how = how | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut opened = open(root, how, Mode::empty()).map_err(|error| named(root, error))?;
    let mut path = root.to_owned();
    for part in folder.components() {
        let Component::Normal(name) = part else {
            return Err(unfit(&root.join(folder), "does not lie below its root"));
        };
        path.push(name);
        opened = openat(&opened, name, how | OFlag::O_NOFOLLOW, Mode::empty())
            .map_err(|error| named(&path, error))?;
    }
    Ok(opened)
}

/// Opens a plain file below a root. `NotFound` where there is none, `InvalidData` where what is
/// there is a link, a folder, a pipe or the like; opening a pipe does not wait for a writer.
pub fn open_file(root: &Path, file: &Path) -> io::Result<File> {
    let path = root.join(file);
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return Err(unfit(&path, NOT_PLAIN));
    };
    let folder = open_folder(root, folder)?;
    let how = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let opened = openat(&folder, name, how, Mode::empty()).map_err(|error| match error {
        // A link; a socket.
        Errno::ELOOP | Errno::ENXIO => unfit(&path, NOT_PLAIN),
        error => named(&path, error),
    })?;
    let opened = File::from(opened);
    if !opened.metadata()?.is_file() {
        return Err(unfit(&path, NOT_PLAIN));
    }
    Ok(opened)
}

/// Fails where the way to a folder leads over a link. A folder that is not there yet is fine.
pub(crate) fn check_folder(root: &Path, folder: &Path) -> io::Result<()> {
    match open_folder(root, folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

const NOT_PLAIN: &str = "not a plain file";

fn named(path: &Path, error: Errno) -> io::Error {
    match error {
        Errno::ENOTDIR | Errno::ELOOP => unfit(path, "no folder, or a link, which is not followed"),
        error => {
            let error = io::Error::from(error);
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        }
    }
}

fn unfit(path: &Path, reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fs_err as fs;
    use std::{
        io::Read,
        os::unix::{fs::symlink, net::UnixListener},
        path::PathBuf,
    };

    /// What is asked for, and what the answer begins or ends with.
    fn outcome(root: &Path, file: &str) -> String {
        let mut text = String::new();
        match open_file(root, Path::new(file)) {
            Ok(mut file) => file.read_to_string(&mut text).map(|_| text).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn only_plain_files_below_the_root_are_opened() {
        let top = tempfile::tempdir().unwrap();
        let root = top.path().join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/b/file"), "inside").unwrap();
        fs::write(top.path().join("secret"), "outside").unwrap();
        symlink(top.path().join("secret"), root.join("a/out")).unwrap();
        symlink("b/file", root.join("a/within")).unwrap();
        symlink(top.path(), root.join("up")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let pipe = root.join("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        let _socket = UnixListener::bind(root.join("socket")).unwrap();
        symlink(&root, top.path().join("linked")).unwrap();

        let no_folder = "no folder, or a link, which is not followed";
        for (file, want) in [
            ("a/b/file", "inside"),
            ("a/b/none", "No such file or directory (os error 2)"),
            ("none/file", "No such file or directory (os error 2)"),
            ("a/b", NOT_PLAIN),
            ("a/out", NOT_PLAIN),
            ("a/within", NOT_PLAIN),
            ("loop", NOT_PLAIN),
            ("pipe", NOT_PLAIN),
            ("socket", NOT_PLAIN),
            ("up/secret", no_folder),
            ("loop/file", no_folder),
            ("a/b/file/file", no_folder),
            ("../secret", "does not lie below its root"),
            ("a/../../secret", "does not lie below its root"),
            ("", NOT_PLAIN),
            ("..", NOT_PLAIN),
        ] {
            let found = outcome(&root, file);
            assert!(found.ends_with(want), "{file}: {found}");
            assert!(!found.contains("outside"), "{file}: {found}");
        }
        let outside = root.join("a").join(top.path().join("secret"));
        assert!(outcome(&root, outside.to_str().unwrap()).ends_with("does not lie below its root"));
        // The root may be one.
        assert_eq!(outcome(&top.path().join("linked"), "a/b/file"), "inside");
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_no_link() {
        let top = tempfile::tempdir().unwrap();
        let check = |folder: &str| check_folder(top.path(), &PathBuf::from(folder));
        assert!(check("none/yet").is_ok());
        symlink("/tmp", top.path().join("link")).unwrap();
        assert!(check("link").is_err());
        assert!(check("link/yet").is_err());
    }
}
