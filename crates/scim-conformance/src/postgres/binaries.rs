use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{PostgresError, process};

/// Where the programs of PostgreSQL are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries(PathBuf);

/// What is needed of them.
const NEEDED: [&str; 4] = ["initdb", "pg_isready", "postgres", "psql"];

/// Where distributions put one directory for each version.
const VERSIONED: [&str; 3] = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt"];

const INSTALL: &str = include_str!("install.sh");

impl Binaries {
    /// The programs in `PATH`, or the newest that are installed; Debian's package is installed where there are none.
    pub(super) fn find_or_install() -> Result<Self, PostgresError> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        let installed = install("apt-get", "sudo");
        Self::find().ok_or_else(|| {
            let tried = match installed {
                Ok(()) => "it was installed, but is not there".to_owned(),
                Err(error) => error.to_string(),
            };
            PostgresError::new(format!(
                "these tests need a PostgreSQL server ({} in PATH or in {}/*/bin): install it, on Debian and Ubuntu with \
                 `apt-get install postgresql` as root ({tried})",
                NEEDED.join(", "),
                VERSIONED.first().copied().unwrap_or_default()
            ))
        })
    }

    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.0.join(program)
    }

    fn find() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let in_path = env::split_paths(&path).filter_map(|directory| Self::linked_from(&directory));
        in_path
            .chain(VERSIONED.iter().flat_map(|place| Self::newest_first(Path::new(place))))
            .next()
    }

    /// All that is needed, in the directory that its `initdb` really is in: others may be wrappers there.
    fn linked_from(directory: &Path) -> Option<Self> {
        let initdb = fs::canonicalize(directory.join("initdb")).ok()?;
        Self::within(initdb.parent()?)
    }

    fn within(directory: &Path) -> Option<Self> {
        let is_complete = NEEDED.iter().all(|program| directory.join(program).is_file());
        is_complete.then(|| Self(directory.to_owned()))
    }

    /// Those in `place/<version>/bin`.
    fn newest_first(place: &Path) -> Vec<Self> {
        let versions = fs::read_dir(place).into_iter().flatten().flatten();
        let mut versions: Vec<(u32, PathBuf)> = versions
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let version = name.strip_prefix("postgresql@").unwrap_or(&name);
                let (major, _) = version.split_once('.').unwrap_or((version, ""));
                Some((major.parse().ok()?, entry.path().join("bin")))
            })
            .collect();
        versions.sort_by(|one, other| other.cmp(one));
        versions.iter().filter_map(|(_, bin)| Self::within(bin)).collect()
    }
}

/// Installs Debian's package, as root or with a `sudo` that asks nothing.
fn install(apt: &str, sudo: &str) -> Result<(), PostgresError> {
    let mut command = if super::is_root() {
        Command::new("sh")
    } else {
        let mut command = Command::new(sudo);
        command.args(["-n", "sh"]);
        command
    };
    process::output(command.args(["-c", INSTALL, "install", apt])).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_complete_version_is_taken() {
        let place = env::temp_dir().join(format!("scim-binaries-{}", std::process::id()));
        for (version, programs) in [
            ("9.6", &NEEDED[..]),
            ("15", &NEEDED[..]),
            ("17", &NEEDED[..2]),
            ("x", &NEEDED[..]),
        ] {
            let bin = place.join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            for program in programs {
                fs::write(bin.join(program), "").unwrap();
            }
        }
        let found = Binaries::newest_first(&place);
        fs::remove_dir_all(&place).unwrap();
        assert_eq!(found, [Binaries(place.join("15/bin")), Binaries(place.join("9.6/bin"))]);
        assert_eq!(Binaries::newest_first(&place), []);
    }

    #[test]
    fn what_cannot_be_installed_is_an_error() {
        let error = install("/nowhere/apt-get", "/nowhere/sudo").unwrap_err().to_string();
        assert!(error.contains("/nowhere") || error.contains("sudo"), "{error}");
    }
}
