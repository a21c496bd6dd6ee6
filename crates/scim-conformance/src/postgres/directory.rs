use std::env;
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use super::{PostgresError, random, user::User};

/// A new directory that nobody else can look into; the supervisor removes it.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn create(owner: Option<User>) -> Result<Self, PostgresError> {
        loop {
            // Short: the path of a socket has about 100 bytes.
            let random = random::letters();
            let path = env::temp_dir().join(format!("scim-pg-{}", random.get(..12).unwrap_or(&random)));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let directory = Self(path);
                    if let Some(user) = owner {
                        chown(&directory.0, Some(user.uid), Some(user.gid)).map_err(directory.failed())?;
                    }
                    return Ok(directory);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Self(path).failed()(error)),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The path for a URL.
    pub(super) fn encoded(&self) -> String {
        let encode = |byte: u8| match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        self.0
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .copied()
            .map(encode)
            .collect()
    }

    /// What failed here.
    pub(super) fn failed(&self) -> impl Fn(std::io::Error) -> PostgresError + use<> {
        PostgresError::of(&self.0.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_is_new_and_private() {
        let (one, two) = (Directory::create(None).unwrap(), Directory::create(None).unwrap());
        assert_ne!(one.path(), two.path());
        for directory in [one, two] {
            assert_eq!(
                fs::metadata(directory.path()).unwrap().permissions().mode() & 0o777,
                0o700
            );
            fs::remove_dir(directory.path()).unwrap();
        }
    }

    #[test]
    fn paths_are_encoded_for_urls() {
        let directory = Directory(PathBuf::from("/tmp/a b?ü"));
        assert_eq!(directory.encoded(), "/tmp/a%20b%3F%C3%BC");
    }
}
