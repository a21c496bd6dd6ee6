//! What a relay tells its sinks.

#[cfg(test)]
#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../docs/security_event_token.rs"]
mod security_event_token;
#[cfg(test)]
mod tell;
#[cfg(test)]
mod tokens;
