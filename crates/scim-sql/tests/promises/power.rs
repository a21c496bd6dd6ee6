//! Power failures for SQLite: a shim between a process and its disk, which loses what was not synced.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::base::{Base, Directory};

/// The shim around one database.
#[derive(Debug)]
pub(crate) struct Power {
    directory: Directory,
    files: PathBuf,
    cut: Option<u64>,
    ignores: bool,
}

impl Power {
    pub(crate) fn of(base: &Base) -> Self {
        let directory = Directory::new();
        fs::write(directory.path().join("counts"), [0; 16]).unwrap();
        Self {
            directory,
            files: base.file().unwrap(),
            cut: None,
            ignores: false,
        }
    }

    /// The power fails instead of this write or sync, counted from 1.
    pub(crate) fn cut(mut self, at: u64) -> Self {
        self.cut = Some(at);
        self
    }

    /// Syncs do nothing, as with `synchronous = OFF` or a disk that lies.
    pub(crate) fn ignoring_syncs(mut self) -> Self {
        self.ignores = true;
        self
    }

    /// What a process needs to run with it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut environment = vec![
            ("LD_PRELOAD", text(library())),
            ("SCIM_POWER_FILES", text(&self.files)),
            ("SCIM_POWER_COUNTS", text(&self.directory.path().join("counts"))),
        ];
        environment.extend(self.cut.map(|at| ("SCIM_POWER_CUT", at.to_string())));
        environment.extend(self.ignores.then(|| ("SCIM_POWER_IGNORES", "1".to_owned())));
        environment
    }

    /// How many syncs there were.
    pub(crate) fn syncs(&self) -> u64 {
        self.count(0)
    }

    /// How many writes and syncs there were.
    pub(crate) fn calls(&self) -> u64 {
        self.count(1)
    }

    fn count(&self, index: usize) -> u64 {
        let counts = fs::read(self.directory.path().join("counts")).unwrap();
        u64::from_ne_bytes(counts[index * 8..][..8].try_into().unwrap())
    }
}

/// The shim, compiled once: SQLite itself is C, so that there is a compiler.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let name = format!("power-{}", std::process::id());
        let (library, source) = (
            directory.join(format!("{name}.so")),
            directory.join(format!("{name}.c")),
        );
        fs::write(&source, include_str!("power.c")).unwrap();
        let mut command = Command::new("cc");
        command
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(&source)
            .args(["-ldl", "-lpthread"]);
        assert!(command.status().unwrap().success(), "the shim was not compiled");
        fs::remove_file(source).ok();
        library
    })
}
