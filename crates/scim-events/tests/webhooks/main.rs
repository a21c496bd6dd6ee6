//! Webhooks: the rules of trying again, real receivers, and addresses that must not be reached.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod support;
#[cfg(test)]
mod world;

#[cfg(test)]
mod again;
#[cfg(test)]
mod arrive;
#[cfg(test)]
mod refuse;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod secure;
