//! The store on PostgreSQL, against a server that is started for it, or that `SCIM_TEST_POSTGRES` names.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod races;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trips;
#[cfg(test)]
mod waits;
