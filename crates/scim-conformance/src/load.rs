use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// A data file that cannot be read or breaks its format.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadError {
    /// The file.
    pub file: String,
    /// Where in the file: an id, a line number, or nothing.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

impl LoadError {
    pub(crate) fn new(file: impl Into<String>, place: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self {
            file: file.into(),
            place: place.into(),
            reason: reason.to_string(),
        }
    }
}

impl Error for LoadError {}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => write!(f, "{}: {}", self.file, self.reason),
            place => write!(f, "{}, {place}: {}", self.file, self.reason),
        }
    }
}

/// The directory of the exchange files that come with this crate.
pub fn bundled_exchanges() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/exchanges")
}

/// The directory of the hostile-input corpus that comes with this crate.
pub fn bundled_badinput() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/badinput")
}

/// Names and texts of the files of `directory` that end in `.extension`, sorted by name.
pub(crate) fn read_directory(directory: &Path, extension: &str) -> Result<Vec<(String, String)>, LoadError> {
    let failed = |error| LoadError::new(directory.display().to_string(), "", error);
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

pub(crate) fn read(path: &Path) -> Result<String, LoadError> {
    fs::read_to_string(path).map_err(|error| LoadError::new(path.display().to_string(), "", error))
}
