//! Who may use the console: one-time links and sessions. The database keeps only hashes of both.

use super::{now, time};
use crate::{
    db::{Db, DbError, Result, sql},
    secret::{self, NoRandomness},
};

/// How long a sign-in link is good for.
const LINK_MILLIS: i64 = 15 * 60 * 1000;

/// How long a session lasts.
const SESSION_MILLIS: i64 = 12 * 60 * 60 * 1000;

/// Sign-in links and sessions.
#[derive(Clone)]
pub(crate) struct Access {
    db: Db,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The hash of the token that the browser holds.
    pub(crate) hash: String,
    pub(crate) name: String,
    pub(crate) user_name: String,
    pub(crate) organisation: String,
    /// What forms must send back.
    pub(crate) csrf: String,
}

/// Why there is no link or session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl Access {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// A token that signs an owner of the organisation in once; `None` where there is no owner.
    pub(crate) async fn link(&self, organisation: &str) -> Result<Option<String>, AccessError> {
        let owner = self.db.row(sql!(
            "SELECT id FROM members WHERE org = $1 AND role = 'owner' AND status = 'active' ORDER BY id LIMIT 1",
            organisation,
        ));
        let Some(owner) = owner.await? else {
            return Ok(None);
        };
        let token = secret::random()?;
        self.db
            .run(sql!("DELETE FROM sign_in_links WHERE ends_at <= $1", now()))
            .await?;
        let kept = self.db.run(sql!(
            "INSERT INTO sign_in_links (hash, member_id, ends_at) VALUES ($1, $2, $3)",
            secret::hash(&token),
            owner.int(0)?,
            now() + LINK_MILLIS,
        ));
        kept.await?;
        Ok(Some(token))
    }

    /// Opens a link: it is gone, and there is a session. The token of the session is answered.
    pub(crate) async fn open(&self, link: &str) -> Result<Option<String>, AccessError> {
        // Of two that open it at once, one gets the row.
        let member = self.db.row(sql!(
            "DELETE FROM sign_in_links WHERE hash = $1 AND ends_at > $2 RETURNING member_id",
            secret::hash(link),
            now(),
        ));
        let Some(member) = member.await? else {
            return Ok(None);
        };
        let (token, csrf) = (secret::random()?, secret::random()?);
        self.db
            .run(sql!("DELETE FROM sessions WHERE ends_at <= $1", now()))
            .await?;
        let kept = self.db.run(sql!(
            "INSERT INTO sessions (hash, member_id, csrf, ends_at) VALUES ($1, $2, $3, $4)",
            secret::hash(&token),
            member.int(0)?,
            csrf,
            now() + SESSION_MILLIS,
        ));
        kept.await?;
        Ok(Some(token))
    }

    /// The session of a token. Whoever is suspended, or is no administrator any more, has none.
    pub(crate) async fn session(&self, token: &str) -> Result<Option<Session>> {
        let hash = secret::hash(token);
        let row = self.db.row(sql!(
            "SELECT COALESCE(m.display_name, m.user_name), m.user_name, m.org, s.csrf
             FROM sessions s JOIN members m ON m.id = s.member_id
             WHERE s.hash = $1 AND s.ends_at > $2 AND m.status = 'active' AND m.role IN ('owner', 'admin')",
            &hash,
            now(),
        ));
        let Some(row) = row.await? else {
            return Ok(None);
        };
        Ok(Some(Session {
            hash,
            name: row.text(0)?,
            user_name: row.text(1)?,
            organisation: row.text(2)?,
            csrf: row.text(3)?,
        }))
    }

    /// Signs out.
    pub(crate) async fn end(&self, session: &Session) -> Result<()> {
        let ended = self.db.run(sql!("DELETE FROM sessions WHERE hash = $1", &session.hash));
        ended.await.map(drop)
    }

    /// When a link that is made now is over.
    pub(crate) fn link_ends() -> chrono::DateTime<chrono::Utc> {
        time(now() + LINK_MILLIS)
    }
}
