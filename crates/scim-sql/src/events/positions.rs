//! How far readers are.

use scim_core::TenantId;

use super::int;
use crate::{database::Task, error::Failure, session::Session};

pub(super) struct All(pub(super) TenantId);

pub(super) struct Load(pub(super) TenantId, pub(super) String);

pub(super) struct Remove(pub(super) TenantId, pub(super) String);

pub(super) struct Save(pub(super) TenantId, pub(super) String, pub(super) u64);

impl Task for All {
    type Answer = Vec<(String, u64)>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let text = "SELECT reader, through FROM {s}scim_position WHERE tenant = ?1 ORDER BY reader";
        let statement = session.statement(text, vec![self.0.as_str().into()]);
        let rows = session.rows(&statement).await?;
        let readers = rows
            .iter()
            .map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?.unsigned_abs())));
        readers.collect()
    }
}

impl Task for Load {
    type Answer = Option<u64>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let text = "SELECT through FROM {s}scim_position WHERE tenant = ?1 AND reader = ?2";
        let statement = session.statement(text, vec![self.0.as_str().into(), self.1.as_str().into()]);
        let rows = session.rows(&statement).await?;
        let through = rows.first().map(|row| Ok(row.int(0)?.unsigned_abs()));
        through.transpose()
    }
}

impl Task for Remove {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let text = "DELETE FROM {s}scim_position WHERE tenant = ?1 AND reader = ?2";
        let statement = session.statement(text, vec![self.0.as_str().into(), self.1.as_str().into()]);
        session.run(&statement).await?;
        Ok(())
    }
}

impl Task for Save {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let text = "INSERT INTO {s}scim_position (tenant, reader, through) VALUES (?1, ?2, ?3) \
                    ON CONFLICT (tenant, reader) DO UPDATE \
                    SET through = {greatest}(scim_position.through, excluded.through)";
        let values = vec![self.0.as_str().into(), self.1.as_str().into(), int(self.2)];
        let statement = session.statement(text, values);
        session.run(&statement).await?;
        Ok(())
    }
}
