//! Looks at databases past the store.

use std::{error::Error, path::Path};

use rusqlite::{Connection, OpenFlags};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, PgConnection, Row, postgres::PgConnectOptions};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Each finds rows that do not fit others, whatever happened.
pub(crate) const CHECKS: [&str; 8] = [
    // Totals are those of the rows.
    "SELECT 'total of ' || c.tenant || ' ' || c.kind FROM
       (SELECT tenant, kind, SUM(total) AS total FROM scim_count GROUP BY tenant, kind) c
     WHERE c.total <> (SELECT COUNT(*) FROM scim_resource r WHERE r.tenant = c.tenant AND r.kind = c.kind)",
    "SELECT 'no total of ' || r.tenant || ' ' || r.kind FROM scim_resource r
     WHERE NOT EXISTS (SELECT 1 FROM scim_count c WHERE c.tenant = r.tenant AND c.kind = r.kind)",
    // No row without its resource.
    "SELECT 'member ' || m.member_id || ' of ' || m.group_id FROM scim_member m
     WHERE NOT EXISTS (SELECT 1 FROM scim_resource r WHERE r.tenant = m.tenant AND r.id = m.member_id)
        OR NOT EXISTS (SELECT 1 FROM scim_resource r WHERE r.tenant = m.tenant AND r.id = m.group_id)",
    "SELECT 'value of ' || v.id FROM scim_value v
     WHERE NOT EXISTS (SELECT 1 FROM scim_resource r WHERE r.tenant = v.tenant AND r.id = v.id)",
    "SELECT 'key of ' || u.id FROM scim_unique u
     WHERE u.id <> '' AND NOT EXISTS (SELECT 1 FROM scim_resource r WHERE r.tenant = u.tenant AND r.id = u.id)",
    // Seats are those of active users, and as many as are counted.
    "SELECT 'seats of ' || p.tenant FROM scim_seat_pool p
     WHERE p.used <> (SELECT COUNT(*) FROM scim_seat h WHERE h.tenant = p.tenant)",
    "SELECT 'seat of ' || h.id FROM scim_seat h
     WHERE NOT EXISTS (SELECT 1 FROM scim_seat_pool p WHERE p.tenant = h.tenant)
        OR NOT EXISTS (SELECT 1 FROM scim_resource r WHERE r.tenant = h.tenant AND r.id = h.id AND COALESCE(r.active, TRUE))",
    // One change for each version.
    "SELECT 'changes of ' || r.id FROM scim_resource r LEFT JOIN
       (SELECT tenant, id, COUNT(DISTINCT version) AS versions FROM scim_change GROUP BY tenant, id) c
       ON c.tenant = r.tenant AND c.id = r.id
     WHERE r.version <> COALESCE(c.versions, 0)",
];

/// Runs statements on a file; the first column of the rows of the last, where it has rows.
pub(crate) fn sqlite(file: impl AsRef<Path>, text: &str) -> Result<Vec<String>> {
    let connection = connect_sqlite(file)?;
    let mut prepared = match connection.prepare(text) {
        Ok(prepared) if prepared.column_count() > 0 => prepared,
        _ => {
            connection.execute_batch(text)?;
            return Ok(Vec::new());
        }
    };
    let rows = prepared.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(crate) fn connect_sqlite(file: impl AsRef<Path>) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    Ok(connection)
}

pub(crate) async fn postgres(url: &str, schema: &str, text: &str) -> Result<Vec<String>> {
    let mut connection = connect_postgres(url, schema).await?;
    let rows = sqlx::raw_sql(AssertSqlSafe(text.to_owned()))
        .fetch_all(&mut connection)
        .await?;
    let rows = rows.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<_>>()?;
    connection.close().await?;
    Ok(rows)
}

pub(crate) async fn connect_postgres(url: &str, schema: &str) -> Result<PgConnection> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.application_name("look").options([("search_path", schema)]);
    Ok(options.connect().await?)
}

pub(crate) fn dump_sqlite(file: impl AsRef<Path>, tenant: &str) -> Result<String> {
    let connection = connect_sqlite(file)?;
    let columns = "SELECT t.name, group_concat('quote(' || c.name || ')', '||'',''||')
        FROM sqlite_schema t, pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name LIKE 'scim\\_%' ESCAPE '\\'
          AND NOT (t.name = 'scim_resource' AND c.name = 'place' OR t.name = 'scim_change' AND c.name = 'ordinal')
        GROUP BY t.name HAVING SUM(c.name = 'tenant') > 0 ORDER BY t.name";
    let mut prepared = connection.prepare(columns)?;
    let tables: Vec<(String, String)> = prepared
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut dump = String::new();
    for (table, columns) in tables {
        let mut prepared =
            connection.prepare(&format!("SELECT {columns} FROM {table} WHERE tenant = ?1 ORDER BY 1"))?;
        let rows = prepared.query_map([tenant], |row| row.get::<_, String>(0))?;
        for row in rows {
            dump.push_str(&format!("{table} {}\n", row?));
        }
    }
    Ok(dump)
}

pub(crate) async fn dump_postgres(url: &str, schema: &str, tenant: &str) -> Result<String> {
    let mut connection = connect_postgres(url, schema).await?;
    let tables = "SELECT table_name::text FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name LIKE 'scim\\_%' AND column_name = 'tenant' ORDER BY 1";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await?;
    let rows = tables.iter().map(|table| {
        let left_out = match table.as_str() {
            "scim_resource" => " - 'place'",
            "scim_change" => " - 'ordinal'",
            _ => "",
        };
        format!("SELECT '{table} ' || (to_jsonb(t){left_out})::text FROM {table} t WHERE tenant = $1")
    });
    let rows = rows.collect::<Vec<_>>().join(" UNION ALL ") + " ORDER BY 1";
    let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(rows))
        .bind(tenant)
        .fetch_all(&mut connection)
        .await?;
    connection.close().await?;
    Ok(rows.join("\n"))
}

/// A file as a script that makes it again.
pub(crate) fn script_sqlite(file: impl AsRef<Path>) -> Result<String> {
    let connection = connect_sqlite(file)?;
    let mut script = String::from("BEGIN;\n");
    let mut prepared = connection.prepare(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, rowid",
    )?;
    let parts: Vec<(String, String, String)> = prepared
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (kind, name, sql) in parts {
        script.push_str(&format!("{sql};\n"));
        if kind != "table" {
            continue;
        }
        let columns = "SELECT group_concat('quote(' || name || ')', '||'', ''||') FROM pragma_table_info(?1)";
        let columns: String = connection.query_row(columns, [&name], |row| row.get(0))?;
        let mut prepared = connection.prepare(&format!("SELECT {columns} FROM {name}"))?;
        for row in prepared.query_map([], |row| row.get::<_, String>(0))? {
            script.push_str(&format!("INSERT INTO {name} VALUES ({});\n", row?));
        }
    }
    for pragma in ["application_id", "user_version"] {
        let value: i64 = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        script.push_str(&format!("PRAGMA {pragma} = {value};\n"));
    }
    script.push_str("COMMIT;\n");
    Ok(script)
}
