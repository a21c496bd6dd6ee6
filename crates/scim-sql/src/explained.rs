//! A session that keeps the plans of what it reads: whether filters are served by indexes.

use crate::{
    Engine,
    error::SqlError,
    session::Session,
    statement::{Row, Statement},
};

/// Keeps the engine's plan of each statement beside running it.
pub(crate) struct Explained<S> {
    session: S,
    pub(crate) plans: Vec<String>,
}

impl<S> Explained<S> {
    pub(crate) fn new(session: S) -> Self {
        let plans = Vec::new();
        Self { session, plans }
    }
}

impl<S: Session> Session for Explained<S> {
    fn engine(&self) -> Engine {
        self.session.engine()
    }

    fn schema(&self) -> &str {
        self.session.schema()
    }

    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        let (word, column) = match self.engine() {
            Engine::Postgres => ("EXPLAIN", 0),
            Engine::Sqlite => ("EXPLAIN QUERY PLAN", 3),
        };
        let text = format!("{word} {}", statement.text());
        let explain = Statement::fixed(self.engine(), text, statement.values().to_vec());
        let lines = self.session.rows(&explain).await?;
        let lines: Vec<&str> = lines.iter().map(|row| row.text(column).unwrap()).collect();
        self.plans.push(lines.join("\n"));
        self.session.rows(statement).await
    }

    async fn run(&mut self, statement: &Statement) -> Result<u64, SqlError> {
        self.session.run(statement).await
    }
}
