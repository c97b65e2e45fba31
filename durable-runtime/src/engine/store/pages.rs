//! Reading in pages: histories and lists that may be longer than anybody wants to hold. Knows no markers but the
//! keys of its rows.

use rusqlite::{Connection, params};

use super::super::arn::Arn;
use super::super::paged::{HistoryPage, HistoryQuery, ListPage, ListQuery, ListedExecution};
use super::super::summary::ExecutionStatus;
use super::queries::{event, key, optional_timestamp, timestamp};
use super::writer::JobError;

const EVENT: &str = "number, type, at, id, parent_id, name, sub_type, details";
/// The largest number of a row: where a list from the newest begins.
const LAST: i64 = i64::MAX;

/// A page of an execution's history. It ends when `query.limit` events are in it or their details take `bytes`, and
/// holds at least one event.
pub(crate) fn history_page(
    connection: &Connection,
    arn: &Arn,
    query: &HistoryQuery,
    bytes: usize,
) -> Result<HistoryPage, JobError> {
    let execution = key(connection, arn)?;
    let (from, order) = if query.newest_first {
        (query.from.map_or(LAST, signed), "number <= ?2 ORDER BY number DESC")
    } else {
        (query.from.map_or(0, signed), "number >= ?2 ORDER BY number")
    };
    let sql = format!("SELECT {EVENT} FROM events WHERE execution = ?1 AND {order}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![execution, from])?;
    let mut page = HistoryPage::default();
    let mut taken = 0;
    while let Some(row) = rows.next()? {
        let details: String = row.get("details")?;
        taken += details.len();
        let full = page.events.len() >= query.limit.max(1) || taken > bytes;
        if full && !page.events.is_empty() {
            page.next = Some(row.get("number")?);
            break;
        }
        page.events.push(event(row, &details)?);
    }
    Ok(page)
}

/// A page of the executions of a function.
pub(crate) fn list_page(connection: &Connection, query: &ListQuery) -> Result<ListPage, JobError> {
    let (from, order) = if query.oldest_first {
        (query.from.unwrap_or(0), "key >= ?1 ORDER BY key")
    } else {
        (query.from.unwrap_or(LAST), "key <= ?1 ORDER BY key DESC")
    };
    let sql = format!(
        "SELECT key, arn, name, function, status, started, ended FROM executions
         WHERE function = ?2 AND (?3 IS NULL OR name = ?3) AND (?4 IS NULL OR instr(?4, '|' || status || '|'))
             AND (?5 IS NULL OR started > ?5) AND (?6 IS NULL OR started < ?6) AND {order} LIMIT ?7"
    );
    let statuses = query.statuses.as_ref().map(|statuses| {
        let words: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
        format!("|{}|", words.join("|"))
    });
    let limit = query.limit.max(1);
    // One more than asked for says whether there is a next page.
    let rows = i64::try_from(limit).unwrap_or(LAST).saturating_add(1);
    let after = query.started_after.map(|at| at.as_millis());
    let before = query.started_before.map(|at| at.as_millis());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![from, query.function, query.name, statuses, after, before, rows])?;
    let mut page = ListPage::default();
    while let Some(row) = rows.next()? {
        if page.executions.len() == limit {
            page.next = Some(row.get("key")?);
            break;
        }
        let status: String = row.get("status")?;
        page.executions.push(ListedExecution {
            arn: Arn::stored(row.get("arn")?),
            name: row.get("name")?,
            function: row.get("function")?,
            status: ExecutionStatus::parse(&status).unwrap_or(ExecutionStatus::Running),
            started: timestamp(row, "started")?,
            ended: optional_timestamp(row, "ended")?,
        });
    }
    Ok(page)
}

/// Whether the store has executions of the function.
pub(crate) fn knows_function(connection: &Connection, function: &str) -> Result<bool, JobError> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM executions WHERE function = ?1)")?;
    Ok(statement.query_row([function], |row| row.get(0))?)
}

/// SQLite's integers are signed; no row has a number beyond them.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(LAST)
}
