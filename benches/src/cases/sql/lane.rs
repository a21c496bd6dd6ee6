//! A store on one database, and its floor on the same.

use std::{
    hint::black_box,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Response, header::LOCATION};
use scim_conformance::postgres::Postgres;
use scim_core::{Dialect, Limits, dialect::PatchAnswer};
use scim_http::{Body, ScimService, store::ScimStore};
use scim_sql::{PgStore, SqliteStore, Synchronous};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use super::{
    ask::{Ask, NewUser},
    fill::{Copying, ROUNDS, Scattered, TEMPLATES, Template, id, user_id},
    members, users,
};
use crate::{
    Failure, floor,
    measure::in_turns,
    report,
    service::{BASE, Open, request},
    workload,
};

/// Who does the same as the others, each with users of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Ours = 0,
    Floor = 1,
    Inline = 2,
}

/// A service on a store, with its floor.
pub(crate) struct Lane {
    pub(crate) label: String,
    runtime: Runtime,
    /// Answers PATCH by 204.
    quiet: ScimService,
    /// Answers PATCH by the resource.
    full: ScimService,
    floor: Floor,
    /// The store, if it counts its round trips.
    server: Option<PgStore>,
    template: Template,
    pub(crate) users: usize,
}

#[derive(Debug, Clone)]
enum Floor {
    Sqlite(floor::sqlite::Floor),
    Postgres(floor::postgres::Floor),
}

/// A request that is made again and again.
pub(crate) struct Case<'a> {
    pub(crate) id: &'a str,
    pub(crate) label: String,
    pub(crate) goal: Option<f64>,
    /// The greatest number of round trips to a server, on average.
    pub(crate) trips: Option<f64>,
    /// What is asked by whom in which turn.
    pub(crate) ask: &'a dyn Fn(Who, usize) -> Ask,
    /// What is asked before, and what after, untimed.
    pub(crate) before: Option<fn(&Ask) -> Ask>,
    pub(crate) after: Option<fn(&Ask) -> Ask>,
    pub(crate) is_quiet: bool,
}

/// Where the database files of a run are.
pub(crate) struct Files(PathBuf);

impl Files {
    pub(crate) fn new() -> Result<Self, Failure> {
        let directory = std::env::temp_dir().join(format!("scim-benches-{}", std::process::id()));
        std::fs::create_dir(&directory)?;
        Ok(Self(directory))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Fills a file with users.
pub(crate) fn fill_sqlite(path: &Path, users: usize) -> Result<(), Failure> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let builder = SqliteStore::builder().synchronous(Synchronous::Normal);
        let store = builder.open(path).await?;
        templates(&store, users).await?;
        store.close().await;
        let floor = floor::sqlite::Floor::open(path, "off")?;
        let copying = Copying {
            number: "r.place - (SELECT MIN(place) FROM scim_resource WHERE kind = 'User')",
            rounds: "(WITH RECURSIVE g(r) AS (SELECT {from} UNION ALL SELECT r + 1 FROM g WHERE r + 1 < {to}) \
                     SELECT r FROM g) g",
            six: "printf('%06d', t.k)",
            eight: "printf('%08d', t.k)",
            id: "printf('%08x-0000-4000-8000-%012x', (t.k * 2654435761) & 4294967295, t.k)",
            template_six: "printf('%06d', t.n)",
            template_eight: "printf('%08d', t.n)",
            text: "json(t.search)",
            document: "jsonb",
            schema: "",
        };
        floor.fill(copying.templates()).await?;
        for (from, to) in rounds(users) {
            let (rows, values) = (copying.users(from, to, users), copying.values(from, to, users));
            floor.fill(format!("BEGIN; {rows}; {values}; COMMIT")).await?;
        }
        for (size, who) in groups(users) {
            floor
                .fill(format!(
                    "BEGIN; {}; COMMIT",
                    copying.members(size, &group_id(size, who))
                ))
                .await?;
        }
        floor
            .fill(format!(
                "{}; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)",
                copying.counts()
            ))
            .await
    })
}

/// Fills a server with users; each number of them has a database of its own.
pub(crate) fn fill_postgres(server: &Postgres, database: &str, users: usize) -> Result<(), Failure> {
    server.psql(&format!("CREATE DATABASE {database}"))?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let url = url(server, database);
        let store = PgStore::connect(&url).await?;
        templates(&store, users).await?;
        store.pool().close().await;
        let floor = floor::postgres::Floor::open(&url).await?;
        let copying = Copying {
            number: "(row_number() OVER (ORDER BY r.place) - 1)",
            rounds: "generate_series({from}, {to} - 1) AS g(r)",
            six: "lpad(t.k::text, 6, '0')",
            eight: "lpad(t.k::text, 8, '0')",
            id: "lpad(to_hex((t.k::bigint * 2654435761) & 4294967295), 8, '0') || '-0000-4000-8000-' || \
                 lpad(to_hex(t.k), 12, '0')",
            template_six: "lpad(t.n::text, 6, '0')",
            template_eight: "lpad(t.n::text, 8, '0')",
            text: "t.search::text",
            document: "jsonb",
            schema: "scim.",
        };
        floor.fill(copying.templates()).await?;
        for (from, to) in rounds(users) {
            let (rows, values) = (copying.users(from, to, users), copying.values(from, to, users));
            floor.fill(format!("{rows}; {values}")).await?;
        }
        for (size, who) in groups(users) {
            floor.fill(copying.members(size, &group_id(size, who))).await?;
        }
        floor.fill(copying.counts()).await?;
        floor.fill("VACUUM ANALYZE".to_owned()).await?;
        floor.fill("CHECKPOINT".to_owned()).await
    })
}

impl Lane {
    /// A store on a file, and its floor on a copy.
    pub(crate) fn sqlite(file: &Path, copy: &Path, users: usize, level: Synchronous) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let (name, store, floor, template) = runtime.block_on(async {
            let name = if level == Synchronous::Full { "full" } else { "normal" };
            let store = SqliteStore::builder().synchronous(level).open(file).await?;
            let floor = floor::sqlite::Floor::open(copy, name)?;
            let template = floor.template().await?;
            Ok::<_, Failure>((name, store, floor, template))
        })?;
        let services = [PatchAnswer::NoContent, PatchAnswer::Resource].map(|answer| (store.clone(), answer));
        Self::new(
            &format!("sqlite {name}"),
            runtime,
            services,
            Floor::Sqlite(floor),
            None,
            template,
            users,
        )
    }

    /// A store on a database of a server, and its floor on the same.
    pub(crate) fn postgres(server: &Postgres, database: &str, users: usize) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let url = url(server, database);
        let (store, floor, template) = runtime.block_on(async {
            let floor = floor::postgres::Floor::open(&url).await?;
            let template = floor.template().await?;
            Ok::<_, Failure>((PgStore::connect(&url).await?, floor, template))
        })?;
        let services = [PatchAnswer::NoContent, PatchAnswer::Resource].map(|answer| (store.clone(), answer));
        Self::new(
            "postgres",
            runtime,
            services,
            Floor::Postgres(floor),
            Some(store),
            template,
            users,
        )
    }

    fn new<S: ScimStore>(
        label: &str,
        runtime: Runtime,
        services: [(S, PatchAnswer); 2],
        floor: Floor,
        server: Option<PgStore>,
        template: Template,
        users: usize,
    ) -> Result<Self, Failure> {
        // Each lane on a database makes other identifiers.
        let first = u64::try_from(floor::now()).unwrap_or_default();
        let [(one, quiet), (other, full)] = services;
        let lane = Self {
            label: label.to_owned(),
            runtime,
            quiet: service(one, quiet, (1 << 45) + first)?,
            full: service(other, full, (1 << 46) + first)?,
            floor,
            server,
            template,
            users,
        };
        lane.check()?;
        Ok(lane)
    }

    /// Users that were filled in must be like those that were made.
    fn check(&self) -> Result<(), Failure> {
        for number in [0, TEMPLATES - 1, self.users / 2, self.users - 1] {
            let (id, name) = (user_id(number), workload::user_name(number));
            let mail = format!("u{number}@home.example.net");
            for ask in [Ask::Get(id.clone()), Ask::UserName(name.clone()), Ask::Email(mail)] {
                let text = self.answer(&ask)?;
                let wanted = [
                    id.clone(),
                    name.clone(),
                    format!("{:08}", number),
                    format!("\"u{number}@home"),
                ];
                if let Some(missing) = wanted.iter().find(|wanted| !text.contains(wanted.as_str())) {
                    return Err(format!("{ask:?} finds no {missing}: {text}").into());
                }
                if self.check_floor(ask.clone())? == 0 {
                    return Err(format!("the floor finds nothing for {ask:?}").into());
                }
            }
        }
        let text = self.answer(&Ask::Total)?;
        let answer: serde_json::Value = serde_json::from_str(&text)?;
        let total = answer.get("totalResults").and_then(serde_json::Value::as_u64);
        // Lanes on one file make more.
        if total.is_none_or(|total| total < self.users as u64) {
            return Err(format!("{} users are {text}", self.users).into());
        }
        Ok(())
    }

    /// The body of an answer.
    pub(crate) fn answer(&self, ask: &Ask) -> Result<String, Failure> {
        self.runtime.block_on(async {
            let response = self.full.handle(ask.request()).await;
            let status = response.status();
            let text = text(response).await?;
            if !status.is_success() {
                return Err(format!("{ask:?}: {status} {text}").into());
            }
            Ok(text)
        })
    }

    fn check_floor(&self, ask: Ask) -> Result<usize, Failure> {
        self.runtime.block_on(async {
            match &self.floor {
                Floor::Sqlite(floor) => floor.check(ask).await,
                Floor::Postgres(floor) => floor.check(ask).await,
            }
        })
    }

    pub(crate) fn new_user(&self, number: usize) -> NewUser {
        self.template.user(number)
    }

    /// A number that a statement reads.
    pub(crate) fn number(&self, statement: &str) -> Result<i64, Failure> {
        let s = if matches!(self.floor, Floor::Postgres(_)) {
            "scim."
        } else {
            ""
        };
        let statement = statement.replace("{s}", s);
        self.runtime.block_on(async {
            match &self.floor {
                Floor::Sqlite(floor) => floor.number(statement).await,
                Floor::Postgres(floor) => floor.number(statement).await,
            }
        })
    }

    /// Measures a case and prints it; what ours takes.
    pub(crate) fn measure(&self, case: &Case<'_>) -> Result<f64, Failure> {
        let failure = Mutex::new(None);
        let trips = Mutex::new((0, 0));
        let side = |who: Who| {
            let mut turn = 0;
            let failure = &failure;
            let trips = &trips;
            move |times: usize| {
                let asks: Vec<Ask> = (turn..turn + times).map(|turn| (case.ask)(who, turn)).collect();
                turn += times;
                let others =
                    |other: Option<fn(&Ask) -> Ask>| other.map(|other| asks.iter().map(other).collect::<Vec<_>>());
                let (before, after) = (others(case.before), others(case.after));
                let result = self.run(who, case.is_quiet, before.unwrap_or_default()).and_then(|_| {
                    let round_trips = self.round_trips();
                    let taken = self.run(who, case.is_quiet, asks)?;
                    if who == Who::Ours {
                        let mut trips = trips.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        trips.0 += self.round_trips() - round_trips;
                        trips.1 += times;
                    }
                    self.run(who, case.is_quiet, after.unwrap_or_default())?;
                    Ok(taken)
                });
                result.unwrap_or_else(|error| {
                    let mut failure = failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    failure.get_or_insert(error);
                    // Nobody waits for enough of these.
                    Duration::from_secs(1)
                })
            }
        };
        let (mut ours, mut floor) = (side(Who::Ours), side(Who::Floor));
        let (ours, floor, inline) = match &self.floor {
            Floor::Sqlite(_) => {
                let [ours, floor, inline] = in_turns([&mut ours, &mut floor, &mut side(Who::Inline)]);
                (ours, floor, Some(inline))
            }
            Floor::Postgres(_) => {
                let [ours, floor] = in_turns([&mut ours, &mut floor]);
                (ours, floor, None)
            }
        };
        if let Some(failure) = failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            return Err(format!("{}, {}: {failure}", self.label, case.label).into());
        }
        let label = format!("{}, {}", self.label, case.label);
        report::store(case.id, &label, ours, floor, inline, case.goal);
        if self.server.is_some() {
            let (trips, times) = trips.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            report::each(case.id, &label, "round trips", trips as f64 / times as f64, case.trips);
        }
        Ok(ours)
    }

    /// How long plain OFFSET takes, in nanoseconds.
    pub(crate) fn offset(&self, start: usize) -> Result<f64, Failure> {
        let taken = self.runtime.block_on(async {
            match &self.floor {
                Floor::Sqlite(floor) => floor.offset(start).await,
                Floor::Postgres(floor) => floor.offset(start).await,
            }
        })?;
        Ok(taken.as_nanos() as f64)
    }

    /// How long ours takes for one request, in nanoseconds.
    pub(crate) fn once(&self, ask: Ask) -> Result<f64, Failure> {
        Ok(self.run(Who::Ours, true, vec![ask])?.as_nanos() as f64)
    }

    fn round_trips(&self) -> u64 {
        self.server.as_ref().map_or(0, PgStore::round_trips)
    }

    /// Does things one after the other, in a task of the runtime as a host would have it.
    fn run(&self, who: Who, is_quiet: bool, asks: Vec<Ask>) -> Result<Duration, Failure> {
        if asks.is_empty() {
            return Ok(Duration::ZERO);
        }
        let service = if is_quiet {
            self.quiet.clone()
        } else {
            self.full.clone()
        };
        let floor = self.floor.clone();
        let task = async move {
            let done = match (who, &floor) {
                (Who::Ours, _) => requests(&service, &asks).await,
                (Who::Floor, Floor::Sqlite(floor)) => floor.run(asks).await,
                (Who::Inline, Floor::Sqlite(floor)) => floor.inline(asks).await,
                (_, Floor::Postgres(floor)) => floor.run(asks).await,
            };
            // What goes from task to task must be `Send`.
            done.map_err(|error| error.to_string())
        };
        Ok(self.runtime.block_on(self.runtime.spawn(task))??)
    }
}

async fn requests(service: &ScimService, asks: &[Ask]) -> Result<Duration, Failure> {
    let requests: Vec<_> = asks.iter().map(Ask::request).collect();
    let start = Instant::now();
    for request in requests {
        let response = service.handle(request).await;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("{status} {}", text(response).await?).into());
        }
        black_box(bytes(response).await?);
    }
    Ok(start.elapsed())
}

/// The sizes of groups that there are with so many users, each with those whom it is for.
fn groups(users: usize) -> impl Iterator<Item = (usize, Who)> {
    let sizes = members::sizes(users).into_iter().chain([users::group(users)]);
    sizes.flat_map(|size| [(size, Who::Ours), (size, Who::Floor)])
}

/// The group of so many members.
pub(crate) fn group_id(members: usize, who: Who) -> String {
    let who = if who == Who::Ours { 0 } else { 1 };
    id((1 << 47) + 2 * u64::try_from(members).unwrap_or_default() + who)
}

/// Makes the templates of users, and groups without members.
async fn templates<S: ScimStore + Clone>(store: &S, users: usize) -> Result<(), Failure> {
    let service = self::service(store.clone(), PatchAnswer::NoContent, 0)?;
    for number in 0..TEMPLATES {
        create(&service, "Users", workload::user(number).to_string(), &user_id(number)).await?;
    }
    for (size, who) in groups(users) {
        let id = (1 << 47) + 2 * u64::try_from(size)? + u64::from(who != Who::Ours);
        let service = self::service(store.clone(), PatchAnswer::NoContent, id)?;
        let name = format!("Group {size} {who:?}");
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name });
        create(&service, "Groups", body.to_string(), &group_id(size, who)).await?;
    }
    Ok(())
}

/// Makes a resource, which must get this identifier.
async fn create(service: &ScimService, endpoint: &str, body: String, id: &str) -> Result<(), Failure> {
    let response = service.handle(request(Method::POST, endpoint, body)).await;
    let location = response
        .headers()
        .get(LOCATION)
        .map(|location| location.to_str())
        .transpose()?;
    if response.status() == 201 && location.is_some_and(|location| location.ends_with(id)) {
        return Ok(());
    }
    let (status, location) = (response.status(), location.map(str::to_owned));
    Err(format!("{endpoint}: {status} {location:?} {}", text(response).await?).into())
}

async fn text(response: Response<Body>) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&bytes(response).await?).into_owned())
}

async fn bytes(response: Response<Body>) -> Result<Bytes, Failure> {
    Ok(response
        .into_body()
        .into_bytes()
        .await
        .map_err(|error| error.to_string())?)
}

fn service(store: impl ScimStore, answer: PatchAnswer, first: u64) -> Result<ScimService, Failure> {
    let dialect = Dialect::default().with(|dialect| dialect.patch_answer = answer);
    let builder = ScimService::builder(BASE, store, Open::default()).dialect(dialect);
    Ok(builder.limits(Limits::default()).ids(Scattered::from(first)).build()?)
}

/// As a host has it: with threads for the tasks, and another one that waits for them here.
fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// The rounds of copies that make so many users of the templates.
fn rounds(users: usize) -> impl Iterator<Item = (usize, usize)> {
    let rounds = users.div_ceil(TEMPLATES);
    (1..rounds)
        .step_by(ROUNDS)
        .map(move |from| (from, (from + ROUNDS).min(rounds)))
}

fn url(server: &Postgres, database: &str) -> String {
    server.socket_url().replace("/postgres?", &format!("/{database}?"))
}
