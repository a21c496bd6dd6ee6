//! Passwords that clients set: kept as Argon2id hashes, for a sign-in that this host does not have.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use argon2::{
    Argon2, PasswordHasher,
    password_hash::{SaltString, rand_core::OsRng},
};
use async_trait::async_trait;
use scim_http::{
    PasswordSink,
    core::{ResourceId, resource::Password},
    store::{Result, Scope, StoreError},
};
use tokio::task;

/// The hashes, by user; every host has but one tenant here.
#[derive(Default)]
pub(crate) struct Passwords {
    hashes: Mutex<HashMap<ResourceId, String>>,
}

#[async_trait]
impl PasswordSink for Passwords {
    async fn set(&self, _: &Scope, id: &ResourceId, password: &Password) -> Result<()> {
        let password = password.clone();
        // Hashing is slow on purpose, so it must not hold up the threads that serve.
        let hash = task::spawn_blocking(move || {
            let salt = SaltString::generate(&mut OsRng);
            Argon2::default()
                .hash_password(password.expose().as_bytes(), &salt)
                .map(|hash| hash.to_string())
        });
        let hash = hash.await.map_err(StoreError::other)?.map_err(StoreError::other)?;
        self.hashes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), hash);
        Ok(())
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(..)")
    }
}
