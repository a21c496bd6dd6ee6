//! Who is asked before a write is done.

use std::future::Future;

use scim_store::{Attempt, Scope, StoreError, TxView};

/// Brings the questions of a write to the guard of the store.
pub(crate) trait Gate: Send {
    /// Whether there is a guard; a write without one does nothing for questions that are not asked.
    fn is_guarded(&self) -> bool;

    /// Asks about one change.
    ///
    /// # Errors
    ///
    /// `Denied`, or what keeps the guard from answering.
    fn ask(
        &mut self,
        scope: &Scope,
        attempt: Attempt<'_>,
        view: &mut dyn TxView,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// No guard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenGate;

impl Gate for OpenGate {
    fn is_guarded(&self) -> bool {
        false
    }

    async fn ask(&mut self, _: &Scope, _: Attempt<'_>, _: &mut dyn TxView) -> Result<(), StoreError> {
        Ok(())
    }
}
