//! The data directory and its lock: one program at a time works on it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A short command (`token create`) may hold the lock; a second server never lets go.
const PATIENCE: Duration = Duration::from_secs(2);

/// A data directory that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why it does not.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program works on it.
    #[error("the data directory {} is in use by {holder}", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who, as far as is known.
        holder: String,
    },
    /// The file system said no.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl DataDir {
    /// Makes the directory where it is absent, and locks it. The lock is the kernel's: it ends with the process,
    /// however that ends. `purpose` is what a second program is told.
    pub fn lock(path: &Path, purpose: &str) -> Result<Self, Error> {
        let path = make(path)?;
        let file = path.join("lock");
        let io = |what, source| Error::Io { what, path: file.clone(), source };
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(|source| io("open", source))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // Whatever cannot be read is not known; the answer is the same.
                    let _ = lock.read_to_string(&mut holder);
                    let holder =
                        Some(holder.trim()).filter(|text| !text.is_empty()).unwrap_or("another process");
                    return Err(Error::InUse { path, holder: holder.to_owned() });
                }
                Err(TryLockError::Error(source)) => return Err(io("lock", source)),
            }
        }
        let text = format!("switchroom {purpose}, process {}\n", std::process::id());
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(text.as_bytes()))
            .map_err(|source| io("write", source))?;
        Ok(Self { path, _lock: lock })
    }

    /// The directory, absolute and without links.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A folder that this program makes is closed to others, save that root leaves it traversable: the database in it
/// belongs to another user (see [`crate::postgres`]). Every secret in it is a file of mode 0600 all the same.
fn make(path: &Path) -> Result<PathBuf, Error> {
    let io = |what, source| Error::Io { what, path: path.to_owned(), source };
    if !path.exists() {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(|source| io("make the parents of", source))?;
        }
        let mode = if rustix::process::geteuid().is_root() { 0o755 } else { 0o700 };
        match fs::DirBuilder::new().mode(mode).create(path) {
            // Again, because the umask may have taken something away.
            Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(mode))
                .map_err(|source| io("set the mode of", source))?,
            Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(io("make", source)),
        }
    }
    path.canonicalize().map_err(|source| io("open", source))
}

/// Replaces a file that only this user may read, in one step: a reader sees the old text or the new one.
pub fn write_private(path: &Path, text: &[u8]) -> Result<(), Error> {
    let io = |what, source| Error::Io { what, path: path.to_owned(), source };
    let fresh = path.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .map_err(|source| io("write", source))?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(|source| io("write", source))?;
    fs::rename(&fresh, path).map_err(|source| io("replace", source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("switchroom-data-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn a_second_holder_is_told_about_the_first_and_a_third_follows_it() {
        let dir = scratch("lock");
        let first = DataDir::lock(&dir.join("deep/data"), "serve").unwrap();
        let began = Instant::now();
        let error = DataDir::lock(first.path(), "serve").unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(5));
        let text = error.to_string();
        assert!(
            text.contains("switchroom serve") && text.contains(&std::process::id().to_string()),
            "{text}"
        );
        let path = first.path().to_owned();
        drop(first);
        DataDir::lock(&path, "token create").unwrap();
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_place_that_cannot_be_a_folder_is_an_error() {
        let dir = scratch("file");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("file"), "x").unwrap();
        assert!(matches!(DataDir::lock(&dir.join("file"), "serve"), Err(Error::Io { .. })));
        assert!(matches!(DataDir::lock(&dir.join("file/data"), "serve"), Err(Error::Io { .. })));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn private_files_are_replaced_whole_and_closed_to_others() {
        let dir = scratch("private");
        fs::create_dir_all(&dir).unwrap();
        let file = dir.join("demo.json");
        fs::write(&file, "old").unwrap();
        write_private(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(&dir).unwrap();
    }
}
