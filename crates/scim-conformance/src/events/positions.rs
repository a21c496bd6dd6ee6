//! The contract of [`Positions`].

use scim_events::Positions;

use super::{Check, tenant, text};
use crate::{FileReport, Report, store::outcome};

/// Holds a place of positions against the contract of [`Positions`], in tenants of new random names.
///
/// ```
/// use scim_conformance::{block_on, events::check_positions};
/// use scim_events::MemoryPositions;
///
/// let report = block_on(check_positions(&MemoryPositions::new()));
/// assert!(report.is_clean(), "{report}");
/// ```
pub async fn check_positions(positions: &dyn Positions) -> Report {
    let outcomes = vec![
        outcome(
            "positions_only_move_forward",
            positions_only_move_forward(positions).await,
        ),
        outcome(
            "readers_and_tenants_are_apart",
            readers_and_tenants_are_apart(positions).await,
        ),
    ];
    let file = "positions".to_owned();
    Report {
        files: vec![FileReport { file, outcomes }],
    }
}

async fn positions_only_move_forward(positions: &dyn Positions) -> Check {
    let tenant = tenant();
    let load = async || positions.load(&tenant, "log").await.map_err(text);
    ensure!(load().await?.is_none(), "a reader that was never there has a position");
    // Beyond 32 bits too.
    for (saved, expected) in [(0, 0), (7, 7), (5, 7), (1 << 40, 1 << 40), (7, 1 << 40)] {
        positions.save(&tenant, "log", saved).await.map_err(text)?;
        let found = load().await?;
        ensure!(found == Some(expected), "behind saving {saved} it is at {found:?}");
    }
    Ok(())
}

async fn readers_and_tenants_are_apart(positions: &dyn Positions) -> Check {
    let (one, other) = (tenant(), tenant());
    for (tenant, reader, through) in [(&one, "log", 7), (&one, "mail", 8), (&other, "log", 9)] {
        positions.save(tenant, reader, through).await.map_err(text)?;
    }
    let mut all = positions.all(&one).await.map_err(text)?;
    all.sort();
    let expected = [("log".to_owned(), 7), ("mail".to_owned(), 8)];
    ensure!(all == expected, "the readers of a tenant are {all:?}");
    // Twice: one that is not there is no error.
    positions.remove(&one, "log").await.map_err(text)?;
    positions.remove(&one, "log").await.map_err(text)?;
    let gone = positions.load(&one, "log").await.map_err(text)?;
    ensure!(gone.is_none(), "a reader that was removed is at {gone:?}");
    let kept = positions.load(&other, "log").await.map_err(text)?;
    ensure!(kept == Some(9), "another tenant's reader is at {kept:?}");
    Ok(())
}
