//! Positions and deliveries in databases.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod races;
#[cfg(test)]
mod unreadable;
