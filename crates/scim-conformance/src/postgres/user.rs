use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::PostgresError;

/// Whom the server runs as where this process is root's.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl User {
    /// `postgres` if there is one, else `nobody`; none where this process is not root's.
    pub(super) fn for_server() -> Result<Option<Self>, PostgresError> {
        if !super::is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").map_err(PostgresError::of("/etc/passwd"))?;
        let user = Self::named(&users, "postgres").or_else(|| Self::named(&users, "nobody"));
        user.map(Some).ok_or_else(|| {
            PostgresError::new("postgresql does not run as root, and there is neither a user postgres nor nobody")
        })
    }

    fn named(users: &str, name: &str) -> Option<Self> {
        let fields = users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.first() == Some(&name))?;
        let number = |index: usize| fields.get(index)?.parse().ok();
        Some(Self {
            uid: number(2)?,
            gid: number(3)?,
        })
    }

    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:7::/:/\npostgres:x:101:104:,,,:/var/lib:/bin/bash\n";
        let user = User::named(users, "postgres").unwrap();
        assert_eq!((user.uid, user.gid), (101, 104));
        assert!(User::named(users, "nobody").is_none());
    }
}
