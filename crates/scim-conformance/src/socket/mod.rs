//! Hosts over real sockets: [`Socket`] as a [`Target`](crate::Target), [`HostProcess`] and [`HostWorld`] for the corpora, and what
//! only sockets show: [`SlowClients`] and [`Oversized`].

mod oversized;
mod place;
mod process;
mod slow;
mod target;
mod wire;
mod world;

pub use oversized::Oversized;
pub use process::HostProcess;
pub use slow::SlowClients;
pub use target::Socket;
pub use wire::read as read_answer;
pub use world::HostWorld;
