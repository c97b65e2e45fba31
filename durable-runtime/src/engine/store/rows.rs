//! Writing: new executions, and what one request changed. Only rows that changed are written.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::arn::Arn;
use super::super::error::EngineError;
use super::super::machine::{
    CallbackTimes, Extra, Invoke, NewExecution, Record, WriteSet, WrittenExecution, execution_started,
};
use super::super::summary::ExecutionStatus;
use super::writer::JobError;
use crate::wire::{ErrorObject, HistoryEvent, OperationStatus, OperationType};

/// What became of a new execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Creation {
    New,
    /// The name is taken, by the same input.
    Existing(Arn),
}

/// Adds an execution. Its name is an idempotency key within its function.
pub(crate) fn create(connection: &Connection, new: &NewExecution) -> Result<Creation, JobError> {
    let mut statement =
        connection.prepare_cached("SELECT arn, input = ?3 FROM executions WHERE function = ?1 AND name = ?2")?;
    let existing = statement
        .query_row(params![new.function, new.arn.name(), new.input], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match existing {
        Some((arn, true)) => Ok(Creation::Existing(Arn::stored(arn))),
        Some((arn, false)) => Err(JobError::Refused(EngineError::AlreadyStarted { arn: Arn::stored(arn) })),
        None => {
            insert(connection, new)?;
            Ok(Creation::New)
        }
    }
}

fn insert(connection: &Connection, new: &NewExecution) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO executions
             (id, arn, name, function, input, status, started, timeout_seconds, parent_arn, parent_operation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let parent = new.parent.as_ref();
    statement.execute(params![
        new.arn.id(),
        new.arn.as_str(),
        new.arn.name(),
        new.function,
        new.input,
        ExecutionStatus::Running.as_str(),
        new.started.as_millis(),
        new.timeout_seconds,
        parent.map(|parent| parent.arn.as_str()),
        parent.map(|parent| parent.operation.as_str()),
    ])?;
    insert_event(connection, connection.last_insert_rowid(), &execution_started(new))
}

/// Writes what one request changed.
pub(crate) fn write(connection: &Connection, set: &WriteSet) -> Result<(), JobError> {
    if let Some(row) = &set.row {
        update_execution(connection, set.key, row)?;
    }
    for written in &set.records {
        let position = i64::try_from(written.position).unwrap_or(i64::MAX);
        if written.record.stored {
            update_operation(connection, set.key, position, &written.record)?;
        } else {
            insert_operation(connection, set.key, position, &written.record)?;
        }
    }
    set.events.iter().try_for_each(|event| insert_event(connection, set.key, event))?;
    set.children.iter().try_for_each(|child| insert(connection, child))?;
    Ok(())
}

fn update_execution(connection: &Connection, key: i64, row: &WrittenExecution) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE executions SET status = ?2, blocked = ?3, result = ?4, error = ?5, ended = ?6,
             invocation_request = ?7, invocation_started = ?8
         WHERE key = ?1",
    )?;
    let invocation = row.invocation.as_ref();
    statement.execute(params![
        key,
        row.status.as_str(),
        row.blocked,
        row.result,
        row.error.as_ref().map(error_json),
        row.ended.map(|at| at.as_millis()),
        invocation.map(|open| open.request_id.as_str()),
        invocation.map(|open| open.started.as_millis()),
    ])?;
    Ok(())
}

/// The members of an operation that change after its START.
struct Changing<'a> {
    ended: Option<i64>,
    attempt: u32,
    due: Option<i64>,
    times: CallbackTimes,
    replay_children: Option<bool>,
    result: Option<&'a String>,
    error: Option<String>,
}

fn changing(record: &Record) -> Changing<'_> {
    let operation = &record.operation;
    let step = operation.step_details.as_ref();
    let context = operation.context_details.as_ref();
    let callback = operation.callback_details.as_ref();
    let invoke = operation.chained_invoke_details.as_ref();
    let scheduled = operation.wait_details.as_ref().and_then(|wait| wait.scheduled_end_timestamp);
    let due = step.and_then(|step| step.next_attempt_timestamp).or(scheduled);
    let result = step.map(|details| &details.result);
    let result = result.or_else(|| context.map(|details| &details.result));
    let result = result.or_else(|| callback.map(|details| &details.result));
    let result = result.or_else(|| invoke.map(|details| &details.result));
    let error = step.map(|details| &details.error);
    let error = error.or_else(|| context.map(|details| &details.error));
    let error = error.or_else(|| callback.map(|details| &details.error));
    let error = error.or_else(|| invoke.map(|details| &details.error));
    Changing {
        ended: operation.end_timestamp.map(|at| at.as_millis()),
        attempt: step.map_or(0, |step| step.attempt),
        due: due.map(|at| at.as_millis()),
        times: match &record.extra {
            Extra::Callback(times) => times.clone(),
            _ => CallbackTimes::default(),
        },
        replay_children: context.and_then(|context| context.replay_children),
        result: result.and_then(Option::as_ref),
        error: error.and_then(Option::as_ref).map(error_json),
    }
}

fn insert_operation(connection: &Connection, key: i64, position: i64, record: &Record) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO operations (execution, position, id, parent_id, name, type, sub_type, status, contact, started,
             ended, attempt, due, timeout_at, heartbeat_at, heartbeat_seconds, target, tenant, child_arn,
             replay_children, result, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
    )?;
    let operation = &record.operation;
    let changing = changing(record);
    let invoke: Option<&Invoke> = match &record.extra {
        Extra::Invoke(invoke) => Some(invoke),
        _ => None,
    };
    statement.execute(params![
        key,
        position,
        operation.id.as_str(),
        operation.parent_id.as_ref().map(crate::wire::OperationId::as_str),
        operation.name,
        type_word(operation.operation_type),
        operation.sub_type.as_ref().map(crate::wire::SubType::as_str),
        status_word(operation.status),
        record.contact.as_millis(),
        operation.start_timestamp.as_millis(),
        changing.ended,
        changing.attempt,
        changing.due,
        changing.times.timeout_at.map(|at| at.as_millis()),
        changing.times.heartbeat_at.map(|at| at.as_millis()),
        changing.times.heartbeat_seconds,
        invoke.map(|invoke| invoke.target.as_str()),
        invoke.and_then(|invoke| invoke.tenant.as_deref()),
        invoke.and_then(|invoke| invoke.child.as_ref()).map(Arn::as_str),
        changing.replay_children,
        changing.result,
        changing.error,
    ])?;
    Ok(())
}

fn update_operation(connection: &Connection, key: i64, position: i64, record: &Record) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE operations SET status = ?3, ended = ?4, attempt = ?5, due = ?6, heartbeat_at = ?7,
             replay_children = ?8, result = ?9, error = ?10
         WHERE execution = ?1 AND position = ?2",
    )?;
    let changing = changing(record);
    statement.execute(params![
        key,
        position,
        status_word(record.operation.status),
        changing.ended,
        changing.attempt,
        changing.due,
        changing.times.heartbeat_at.map(|at| at.as_millis()),
        changing.replay_children,
        changing.result,
        changing.error,
    ])?;
    Ok(())
}

fn insert_event(connection: &Connection, key: i64, event: &HistoryEvent) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO events (execution, number, type, at, id, parent_id, name, sub_type, details)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let details = serde_json::to_string(&event.details);
    let details = details.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    statement.execute(params![
        key,
        event.event_id,
        event.event_type,
        event.event_timestamp.as_millis(),
        event.id.as_ref().map(crate::wire::OperationId::as_str),
        event.parent_id.as_ref().map(crate::wire::OperationId::as_str),
        event.name,
        event.sub_type.as_ref().map(crate::wire::SubType::as_str),
        details,
    ])?;
    Ok(())
}

/// Says what became of a request in the inbox: empty for done.
pub(crate) fn answer_inbox(connection: &Connection, key: i64, outcome: &str) -> Result<(), JobError> {
    connection.prepare_cached("UPDATE inbox SET outcome = ?2 WHERE key = ?1")?.execute(params![key, outcome])?;
    Ok(())
}

fn error_json(error: &ErrorObject) -> String {
    serde_json::to_string(error).unwrap_or_default()
}

/// The service's words for types and statuses; read back by `queries`.
pub(super) const TYPES: [(OperationType, &str); 5] = [
    (OperationType::Context, "CONTEXT"),
    (OperationType::Step, "STEP"),
    (OperationType::Wait, "WAIT"),
    (OperationType::Callback, "CALLBACK"),
    (OperationType::ChainedInvoke, "CHAINED_INVOKE"),
];

pub(super) const STATUSES: [(OperationStatus, &str); 8] = [
    (OperationStatus::Started, "STARTED"),
    (OperationStatus::Pending, "PENDING"),
    (OperationStatus::Ready, "READY"),
    (OperationStatus::Succeeded, "SUCCEEDED"),
    (OperationStatus::Failed, "FAILED"),
    (OperationStatus::Cancelled, "CANCELLED"),
    (OperationStatus::TimedOut, "TIMED_OUT"),
    (OperationStatus::Stopped, "STOPPED"),
];

fn type_word(of: OperationType) -> &'static str {
    TYPES.iter().find(|(known, _)| *known == of).map_or("UNKNOWN", |(_, word)| word)
}

fn status_word(status: OperationStatus) -> &'static str {
    STATUSES.iter().find(|(known, _)| *known == status).map_or("UNKNOWN", |(_, word)| word)
}
