//! What a relay tells its sinks.

#[cfg(test)]
mod tell;
