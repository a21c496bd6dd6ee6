//! Resources in a host's own tables: accounts, teams and their members, with other names and types than SCIM's.

#![cfg(feature = "sqlite")]

#[cfg(test)]
mod adoption;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod manual;
#[cfg(feature = "postgres")]
#[cfg(test)]
mod postgres;
#[cfg(feature = "postgres")]
#[cfg(test)]
mod races;
#[cfg(test)]
mod seats;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod uniques;
