//! Whose files and processes the private Postgres are. Postgres refuses to run as root, so a program started as root
//! lends the cluster to another user; any other user keeps it.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Error;

/// The user that Postgres runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    lent_to: Option<(u32, u32)>,
}

impl Owner {
    /// This process's user, or, for root, `postgres` where it exists and `nobody` elsewhere: initdb needs a user with
    /// an entry in the passwd database, and these are the two that come with it.
    pub fn find() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { lent_to: None });
        }
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (id("-u", name), id("-g", name)) {
                return Ok(Self { lent_to: Some((uid, gid)) });
            }
        }
        Err(Error::NoUser)
    }

    /// Whether the cluster belongs to somebody other than this process's user.
    pub fn is_lent(self) -> bool {
        self.lent_to.is_some()
    }

    /// A command of this user with an empty environment: no `PG*` variable of the surroundings may turn a private
    /// server into something else. Messages stay in English, so that [`super::server`] can read their severity.
    pub fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
        if let Some((uid, gid)) = self.lent_to {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Makes this user the owner of a file or folder that this process made.
    pub fn give(self, path: &Path) -> Result<(), Error> {
        match self.lent_to {
            Some((uid, gid)) => {
                chown(path, Some(uid), Some(gid)).map_err(|source| Error::io("give away", path, source))
            }
            None => Ok(()),
        }
    }

    /// Whether this user can enter a folder, by trying: access lists and mounts have a say that mode bits do not show.
    pub fn reaches(self, dir: &Path) -> bool {
        if !self.is_lent() {
            return true;
        }
        self.command("/bin/sh")
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Whether this user can read and run a program file.
    pub fn runs(self, program: &Path) -> bool {
        self.command(program)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

fn id(what: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([what, name]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_user_has_no_id() {
        assert_eq!(id("-u", "no-such-user-of-switchroom"), None);
        assert_eq!(id("-u", "root"), Some(0));
    }

    #[test]
    fn a_closed_parent_is_out_of_reach_of_a_lent_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = std::env::temp_dir().join(format!("switchroom-owner-{}", std::process::id()));
        let inner = dir.join("inner");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
        let owner = Owner::find().unwrap();
        assert_eq!(owner.reaches(&inner), !owner.is_lent());
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(owner.reaches(&inner));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
