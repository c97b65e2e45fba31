//! Reading: executions as people ask for them, and as the engine takes them up again.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::arn::Arn;
use super::super::error::{ClosedBy, EngineError};
use super::super::machine::{CallbackTimes, Execution, Extra, Invoke, NewExecution, OpenInvocation, Parent, Record};
use super::super::summary::{ExecutionStatus, ExecutionSummary, ListFilter, OperationSummary};
use super::super::token;
use super::rows::{STATUSES, TYPES};
use super::writer::{JobError, is_unreadable};
use crate::wire::{
    CallbackDetails, ChainedInvokeDetails, ContextDetails, ErrorObject, HistoryEvent, Operation, OperationId,
    OperationStatus, OperationType, StepDetails, SubType, Timestamp, WaitDetails,
};

/// How many candidates an ambiguous name shows.
const CANDIDATES: usize = 10;

const SUMMARY: &str = "arn, name, function, status, blocked, input, result, error, started, ended, timeout_seconds,
     parent_arn";

fn summary(row: &Row<'_>) -> rusqlite::Result<ExecutionSummary> {
    let status: String = row.get("status")?;
    Ok(ExecutionSummary {
        arn: Arn::stored(row.get("arn")?),
        name: row.get("name")?,
        function: row.get("function")?,
        status: ExecutionStatus::parse(&status).unwrap_or(ExecutionStatus::Running),
        blocked: row.get("blocked")?,
        registered: None,
        input: row.get("input")?,
        result: row.get("result")?,
        error: row.get::<_, Option<String>>("error")?.map(|json| read_error(&json)),
        started: timestamp(row, "started")?,
        ended: optional_timestamp(row, "ended")?,
        timeout: Some(Duration::from_secs(row.get("timeout_seconds")?)),
        parent: row.get::<_, Option<String>>("parent_arn")?.map(Arn::stored),
    })
}

/// One execution.
pub(crate) fn describe(connection: &Connection, arn: &Arn) -> Result<ExecutionSummary, JobError> {
    let sql = format!("SELECT {SUMMARY} FROM executions WHERE id = ?1 AND arn = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_row(params![arn.id(), arn.as_str()], summary).optional()?;
    found.ok_or_else(|| no_such(arn.as_str()))
}

/// Executions, newest first.
pub(crate) fn list(connection: &Connection, filter: &ListFilter) -> Result<Vec<ExecutionSummary>, JobError> {
    let statuses: Vec<_> = filter.statuses.iter().map(|status| status.as_str()).collect();
    let sql = format!(
        "SELECT {SUMMARY} FROM executions
         WHERE (?1 IS NULL OR function = ?1) AND (?2 = '' OR instr(?2, '|' || status || '|'))
         ORDER BY key DESC LIMIT ?3"
    );
    let statuses = if statuses.is_empty() { String::new() } else { format!("|{}|", statuses.join("|")) };
    let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![filter.function, statuses, limit], summary)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The execution that `text` names: its ARN, its name, the ARN's last segment, or the beginning of either of these.
pub(crate) fn find(connection: &Connection, text: &str) -> Result<Arn, JobError> {
    // The exact forms first: a whole name that begins another name is no riddle.
    let exact = "SELECT arn FROM executions WHERE name = ?1 OR id = ?1 OR (id = ?2 AND arn = ?1) ORDER BY key DESC";
    let begins = "SELECT arn FROM executions WHERE ?1 <> '' AND (substr(name, 1, ?2) = ?1 OR substr(id, 1, ?2) = ?1)
                  ORDER BY key DESC";
    let last = text.rsplit('/').next().unwrap_or_default();
    let mut found = arns(connection, exact, params![text, last])?;
    if found.is_empty() {
        found = arns(connection, begins, params![text, text.chars().count()])?;
    }
    match found.as_slice() {
        [] => Err(no_such(text)),
        [only] => Ok(only.clone()),
        _ => {
            found.truncate(CANDIDATES);
            Err(JobError::Refused(EngineError::Ambiguous { text: text.to_owned(), candidates: found }))
        }
    }
}

fn arns(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<Vec<Arn>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(parameters, |row| Ok(Arn::stored(row.get(0)?)))?.collect()
}

/// An execution to be taken up again.
#[derive(Debug)]
pub(crate) struct Unfinished {
    pub(crate) arn: Arn,
    pub(crate) function: String,
}

/// Unfinished executions, oldest first.
pub(crate) fn unfinished(connection: &Connection) -> Result<Vec<Unfinished>, JobError> {
    let sql = "SELECT arn, function FROM executions WHERE status = 'RUNNING' ORDER BY key";
    let mut statement = connection.prepare_cached(sql)?;
    let rows =
        statement.query_map([], |row| Ok(Unfinished { arn: Arn::stored(row.get(0)?), function: row.get(1)? }))?;
    let readable = rows.filter(|row| {
        // It cannot even be named.
        let damage = row.as_ref().err().filter(|error| is_unreadable(error));
        damage.inspect(|damage| tracing::error!(%damage, "an execution cannot be read and is left alone")).is_none()
    });
    Ok(readable.collect::<Result<_, _>>()?)
}

/// Everything that ever happened in an execution.
pub(crate) fn history(connection: &Connection, arn: &Arn) -> Result<Vec<HistoryEvent>, JobError> {
    let key = key(connection, arn)?;
    let sql = "SELECT number, type, at, id, parent_id, name, sub_type, details FROM events WHERE execution = ?1
               ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([key], |row| event(row, &row.get::<_, String>("details")?))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An event with its `details`.
pub(super) fn event(row: &Row<'_>, details: &str) -> rusqlite::Result<HistoryEvent> {
    Ok(HistoryEvent {
        event_type: row.get("type")?,
        sub_type: sub_type(row)?,
        event_id: row.get("number")?,
        id: operation_id(row, "id")?,
        name: row.get("name")?,
        parent_id: operation_id(row, "parent_id")?,
        event_timestamp: timestamp(row, "at")?,
        details: serde_json::from_str(details).map_err(|error| unreadable("details", error))?,
    })
}

/// All operations of an execution, EXECUTION apart.
pub(crate) fn operations(connection: &Connection, arn: &Arn) -> Result<Vec<OperationSummary>, JobError> {
    let records = records(connection, key(connection, arn)?, arn)?;
    let mut hiding: HashSet<OperationId> = HashSet::new();
    Ok(records.into_iter().map(|record| summarize(record, &mut hiding)).collect())
}

/// `hiding` holds the contexts met so far whose children are pruned; parents come before their children.
fn summarize(record: Record, hiding: &mut HashSet<OperationId>) -> OperationSummary {
    let due = record.due();
    let hides = record.hides_children();
    let Record { operation, extra, contact, .. } = record;
    let pruned = operation.parent_id.is_some_and(|parent| hiding.contains(&parent));
    if pruned || hides {
        hiding.insert(operation.id);
    }
    let duration = operation.end_timestamp.map(|end| {
        let began = if end == operation.start_timestamp { contact } else { operation.start_timestamp };
        end.since(began)
    });
    let invoke = match extra {
        Extra::Invoke(invoke) => *invoke,
        _ => Invoke::default(),
    };
    let target = Some(invoke.target).filter(|target| !target.is_empty());
    OperationSummary { operation, pruned, duration, due, target, child: invoke.child }
}

/// Takes an execution up as the machine keeps it; `None` for one that has ended.
pub(crate) fn load(connection: &Connection, arn: &Arn) -> Result<Option<Execution>, JobError> {
    let Some(mut execution) = load_bare(connection, arn)? else { return Ok(None) };
    for record in records(connection, execution.key, arn)? {
        execution.restore(record);
    }
    let events = events_since_invocation(connection, execution.key)?;
    execution.restore_news(events.iter().map(|(id, event)| (*id, event.as_str())));
    Ok(Some(execution))
}

/// The operations and the types of the events since the last invocation was over.
fn events_since_invocation(connection: &Connection, key: i64) -> rusqlite::Result<Vec<(OperationId, String)>> {
    let sql = "SELECT id, type FROM events
               WHERE execution = ?1 AND id IS NOT NULL AND number > coalesce((
                   SELECT number FROM events WHERE execution = ?1 AND type = 'InvocationCompleted'
                   ORDER BY number DESC LIMIT 1), 0)
               ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([key], |row| Ok(operation_id(row, "id")?.zip(row.get("type")?)))?;
    rows.filter_map(Result::transpose).collect()
}

/// The execution alone, without its operations: enough to end it.
pub(crate) fn load_bare(connection: &Connection, arn: &Arn) -> Result<Option<Execution>, JobError> {
    let sql = "SELECT key, function, input, status, blocked, started, timeout_seconds, parent_arn, parent_operation,
                   invocation_request, invocation_started,
                   (SELECT max(number) FROM events WHERE execution = key) AS last_event
               FROM executions WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let loaded = statement.query_row([arn.id()], |row| {
        let parent_arn: Option<String> = row.get("parent_arn")?;
        let parent = parent_arn.zip(operation_id(row, "parent_operation")?);
        let new = NewExecution {
            arn: arn.clone(),
            function: row.get("function")?,
            input: row.get("input")?,
            started: timestamp(row, "started")?,
            timeout_seconds: row.get("timeout_seconds")?,
            parent: parent.map(|(arn, operation)| Parent { arn: Arn::stored(arn), operation }),
        };
        let mut execution = Execution::new(row.get("key")?, &new, row.get("last_event")?);
        execution.blocked = row.get("blocked")?;
        let request: Option<String> = row.get("invocation_request")?;
        let started = optional_timestamp(row, "invocation_started")?;
        execution.invocation = request.zip(started).map(|(request_id, started)| OpenInvocation { request_id, started });
        let status: String = row.get("status")?;
        Ok((execution, status == ExecutionStatus::Running.as_str()))
    });
    let Some((execution, running)) = loaded.optional()? else { return Err(no_such(arn.as_str())) };
    Ok(running.then_some(execution))
}

fn records(connection: &Connection, key: i64, arn: &Arn) -> rusqlite::Result<Vec<Record>> {
    let sql = "SELECT * FROM operations WHERE execution = ?1 ORDER BY position";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([key], |row| record(row, arn))?.collect()
}

fn record(row: &Row<'_>, arn: &Arn) -> rusqlite::Result<Record> {
    let of: String = row.get("type")?;
    let of = TYPES.iter().find(|(_, word)| *word == of).map_or(OperationType::Unknown, |(known, _)| *known);
    let status = status_of(&row.get::<_, String>("status")?);
    let result: Option<String> = row.get("result")?;
    let error = row.get::<_, Option<String>>("error")?.map(|json| read_error(&json));
    let due = optional_timestamp(row, "due")?;
    let id = operation_id(row, "id")?.ok_or_else(|| unreadable("id", "an operation without an id"))?;
    let mut operation = Operation {
        id,
        parent_id: operation_id(row, "parent_id")?,
        name: row.get("name")?,
        operation_type: of,
        sub_type: sub_type(row)?,
        status,
        start_timestamp: timestamp(row, "started")?,
        end_timestamp: optional_timestamp(row, "ended")?,
        execution_details: None,
        context_details: None,
        step_details: None,
        wait_details: None,
        callback_details: None,
        chained_invoke_details: None,
    };
    let mut extra = Extra::None;
    match of {
        OperationType::Context => {
            let replay_children = row.get("replay_children")?;
            operation.context_details = Some(ContextDetails { replay_children, result, error });
        }
        OperationType::Step => {
            let attempt = row.get("attempt")?;
            operation.step_details = Some(StepDetails { attempt, next_attempt_timestamp: due, result, error });
        }
        OperationType::Wait => operation.wait_details = Some(WaitDetails { scheduled_end_timestamp: due }),
        OperationType::Callback => {
            let callback_id = Some(token::callback_id(arn.id(), id.as_str()));
            operation.callback_details = Some(CallbackDetails { callback_id, result, error });
            extra = Extra::Callback(CallbackTimes {
                timeout_at: optional_timestamp(row, "timeout_at")?,
                heartbeat_at: optional_timestamp(row, "heartbeat_at")?,
                heartbeat_seconds: row.get("heartbeat_seconds")?,
            });
        }
        OperationType::ChainedInvoke => {
            operation.chained_invoke_details = Some(ChainedInvokeDetails { result, error });
            extra = Extra::Invoke(Box::new(Invoke {
                target: row.get("target")?,
                tenant: row.get("tenant")?,
                child: row.get::<_, Option<String>>("child_arn")?.map(Arn::stored),
            }));
        }
        OperationType::Execution | OperationType::Unknown => {}
    }
    Ok(Record::new(operation, extra, timestamp(row, "contact")?))
}

/// The execution and the operation of a callback that is open; refused with what closed it.
pub(crate) fn open_callback(connection: &Connection, id: &str) -> Result<(Arn, OperationId), JobError> {
    let unknown = || JobError::Refused(EngineError::NoSuchCallback { id: id.to_owned() });
    let (execution, operation) = token::read_callback_id(id).ok_or_else(unknown)?;
    let operation = OperationId::new(&operation).map_err(|_| unknown())?;
    let (arn, running, status) = callback(connection, &execution, &operation)?.ok_or_else(unknown)?;
    let by = match status {
        OperationStatus::Started if running => return Ok((arn, operation)),
        OperationStatus::Started => ClosedBy::ExecutionEnd,
        OperationStatus::TimedOut => ClosedBy::Timeout,
        _ => ClosedBy::Answer,
    };
    Err(JobError::Refused(EngineError::CallbackClosed { id: id.to_owned(), by }))
}

/// A callback: its execution's ARN, whether that runs, and its own status.
fn callback(
    connection: &Connection,
    execution: &str,
    operation: &OperationId,
) -> Result<Option<(Arn, bool, OperationStatus)>, JobError> {
    let sql = "SELECT arn, executions.status = 'RUNNING', operations.status
               FROM executions JOIN operations ON operations.execution = executions.key
               WHERE executions.id = ?1 AND operations.id = ?2 AND operations.type = 'CALLBACK'";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params![execution, operation.as_str()], |row| {
        let status: String = row.get(2)?;
        Ok((Arn::stored(row.get(0)?), row.get(1)?, status_of(&status)))
    });
    Ok(found.optional()?)
}

/// Requests that other processes left, with their keys, oldest first.
pub(crate) fn inbox_requests(connection: &Connection) -> Result<Vec<(i64, super::Request)>, JobError> {
    let sql = "SELECT key, kind, target, payload FROM inbox WHERE outcome IS NULL ORDER BY key";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, super::Request { kind: row.get(1)?, target: row.get(2)?, payload: row.get(3)? }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn key(connection: &Connection, arn: &Arn) -> Result<i64, JobError> {
    let mut statement = connection.prepare_cached("SELECT key FROM executions WHERE id = ?1 AND arn = ?2")?;
    statement.query_row([arn.id(), arn.as_str()], |row| row.get(0)).optional()?.ok_or_else(|| no_such(arn.as_str()))
}

fn no_such(text: &str) -> JobError {
    JobError::Refused(EngineError::NoSuchExecution { text: text.to_owned() })
}

fn status_of(word: &str) -> OperationStatus {
    STATUSES.iter().find(|(_, known)| *known == word).map_or(OperationStatus::Unknown, |(status, _)| *status)
}

pub(super) fn timestamp(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

pub(super) fn optional_timestamp(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

fn operation_id(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<OperationId>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| OperationId::new(&text).map_err(|error| unreadable(column, error))).transpose()
}

fn sub_type(row: &Row<'_>) -> rusqlite::Result<Option<SubType>> {
    Ok(row.get::<_, Option<String>>("sub_type")?.map(|word| SubType::from(std::borrow::Cow::Owned(word))))
}

/// An error that was written by this crate reads back; anything else is shown as it is.
fn read_error(json: &str) -> ErrorObject {
    serde_json::from_str(json)
        .unwrap_or_else(|_| ErrorObject { error_message: Some(json.to_owned()), ..ErrorObject::default() })
}

fn unreadable(column: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    let error = format!("column `{column}`: {}", error.into());
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
}
