//! Hosts over real sockets: [`Socket`] as a [`Target`](crate::Target), [`HostProcess`] and [`HostWorld`] for the corpora, and what
//! only sockets show: [`SlowClients`], [`Oversized`] and a [`LargeGroup`].

mod large_group;
mod oversized;
mod place;
mod process;
mod slow;
mod target;
mod waits;
mod wire;
mod world;

pub use large_group::LargeGroup;
pub use oversized::Oversized;
pub use process::HostProcess;
pub use slow::SlowClients;
pub use target::Socket;
pub use waits::Waits;
pub use wire::read as read_answer;
pub use world::HostWorld;
