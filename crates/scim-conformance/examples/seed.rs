//! Writes the seeds of the fuzz targets: `cargo run -p scim-conformance --example seed -- fuzz/corpus`.

use std::{env, error::Error, fs, path::PathBuf};

use scim_conformance::{bundled_badinput, bundled_exchanges, fuzz, seeds::seeds};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(env::args().nth(1).ok_or("name the directory to write to")?);
    for (name, _) in fuzz::TARGETS {
        let target = directory.join(name);
        fs::create_dir_all(&target)?;
        for (number, seed) in seeds(name, &bundled_exchanges(), &bundled_badinput())?
            .iter()
            .enumerate()
        {
            fs::write(target.join(format!("seed-{number:04}")), seed)?;
        }
    }
    Ok(())
}
