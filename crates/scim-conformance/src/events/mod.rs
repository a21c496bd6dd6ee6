//! The contracts of where events and deliveries wait, for authors of such places.

mod positions;

pub use positions::check_positions;
