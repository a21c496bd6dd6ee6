//! How SCIM points at attributes: [`AttrPath`] and [`PatchPath`] (RFC 7644 sections 3.4.2.2, 3.5.2
//! and 3.10).

mod error;
mod patch_path;
mod path;

pub use error::{PathError, PathErrorKind};
pub use patch_path::PatchPath;
pub use path::AttrPath;
