//! Validation of a checkpoint against the state: the whole batch, in the service's order, before anything changes.
//! Its outcome is a plan that can be applied without asking again.

use std::collections::HashMap;

use super::execution::Execution;
use super::transitions::{self, Transition};
use crate::service::ServiceError;
use crate::wire::{Action, OperationId, OperationStatus, OperationType, OperationUpdate, SubType, limits};

/// An update that may be applied, with what it does.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) update: OperationUpdate,
    pub(crate) transition: &'static Transition,
}

/// An operation as it will be once the updates before the one at hand are applied.
#[derive(Debug, Clone)]
struct Foreseen {
    of: OperationType,
    status: OperationStatus,
    parent: Option<OperationId>,
    name: Option<String>,
    sub_type: Option<SubType>,
}

type Refusal = Result<(), &'static str>;

/// Checks every update and says what each will do. Refuses all of them when one cannot be applied.
pub(crate) fn plan(execution: &Execution, updates: Vec<OperationUpdate>) -> Result<Vec<Planned>, ServiceError> {
    check_execution_updates(&updates).and_then(|()| check_identities(execution, &updates)).map_err(refused)?;
    let mut foreseen: HashMap<OperationId, Foreseen> = HashMap::with_capacity(updates.len());
    let mut planned = Vec::with_capacity(updates.len());
    for update in updates {
        let transition = check_update(execution, &mut foreseen, &update).map_err(refused)?;
        planned.push(Planned { update, transition });
    }
    Ok(planned)
}

fn refused(message: &'static str) -> ServiceError {
    ServiceError::invalid_parameter(message)
}

/// An update of EXECUTION ends it: there is one, and nothing after it.
fn check_execution_updates(updates: &[OperationUpdate]) -> Refusal {
    let of_execution = |update: &&OperationUpdate| update.operation_type == OperationType::Execution;
    match updates.iter().filter(of_execution).count() {
        0 => Ok(()),
        1 if updates.last().as_ref().is_some_and(of_execution) => Ok(()),
        1 => Err("EXECUTION checkpoint must be the last update."),
        _ => Err("Cannot checkpoint multiple EXECUTION updates."),
    }
}

/// Parents exist and are contexts; an id occurs once, or as a START and what ends it.
fn check_identities(execution: &Execution, updates: &[OperationUpdate]) -> Refusal {
    let mut last: HashMap<OperationId, &OperationUpdate> = HashMap::with_capacity(updates.len());
    for update in updates.iter().filter(|update| update.operation_type != OperationType::Execution) {
        if let Some(parent) = &update.parent_id {
            let in_batch = last.get(parent).map(|update| update.operation_type);
            let stored = || execution.records.find(parent).map(|record| record.operation.operation_type);
            if in_batch.or_else(stored) != Some(OperationType::Context) {
                return Err("Invalid parent operation id.");
            }
        }
        let pairs = |earlier: &&OperationUpdate| {
            let closable = matches!(earlier.operation_type, OperationType::Step | OperationType::Context);
            closable && earlier.action == Action::Start && update.action != Action::Start
        };
        if last.get(&update.id).is_some_and(|earlier| !pairs(earlier)) {
            return Err("Cannot checkpoint multiple operations with the same ID.");
        }
        last.insert(update.id, update);
    }
    Ok(())
}

fn check_update(
    execution: &Execution,
    foreseen: &mut HashMap<OperationId, Foreseen>,
    update: &OperationUpdate,
) -> Result<&'static Transition, &'static str> {
    if update.operation_type == OperationType::Execution {
        check_content(update)?;
        // Whatever id it carries, it is the execution itself that is meant.
        return transitions::for_update(update, Some(OperationStatus::Started));
    }
    let known = look(execution, foreseen, &update.id);
    if let Some(known) = &known {
        check_consistency(known, update)?;
    }
    check_content(update)?;
    let transition = transitions::for_update(update, known.as_ref().map(|known| known.status))?;
    let parent = known.as_ref().map_or(update.parent_id, |known| known.parent);
    check_ancestors(execution, foreseen, parent)?;
    let next = match known {
        Some(known) => Foreseen { status: transition.to, ..known },
        None => Foreseen {
            of: update.operation_type,
            status: transition.to,
            parent,
            name: update.name.clone(),
            sub_type: update.sub_type.clone(),
        },
    };
    foreseen.insert(update.id, next);
    Ok(transition)
}

fn look(execution: &Execution, foreseen: &HashMap<OperationId, Foreseen>, id: &OperationId) -> Option<Foreseen> {
    let stored = || {
        let operation = &execution.records.find(id)?.operation;
        Some(Foreseen {
            of: operation.operation_type,
            status: operation.status,
            parent: operation.parent_id,
            name: operation.name.clone(),
            sub_type: operation.sub_type.clone(),
        })
    };
    foreseen.get(id).cloned().or_else(stored)
}

/// What an update repeats of its operation must be what is stored.
fn check_consistency(known: &Foreseen, update: &OperationUpdate) -> Refusal {
    if known.of != update.operation_type {
        return Err("Inconsistent operation type.");
    }
    if update.sub_type.is_some() && update.sub_type != known.sub_type {
        return Err("Inconsistent operation subtype.");
    }
    if update.name.is_some() && update.name != known.name {
        return Err("Inconsistent operation name.");
    }
    if update.parent_id.is_some() && update.parent_id != known.parent {
        return Err("Inconsistent parent operation id.");
    }
    Ok(())
}

/// What an update carries must fit its action.
fn check_content(update: &OperationUpdate) -> Refusal {
    if update.error.as_ref().is_some_and(|error| error.json_bytes() > limits::ERROR_BYTES) {
        return Err("Error object size must be less than 32768 bytes.");
    }
    if update.operation_type == OperationType::Unknown {
        return Err("Unknown operation type.");
    }
    if !transitions::is_action_of(update) {
        return Err("Invalid action for the given operation type.");
    }
    let delay = update.step_options.as_ref().and_then(|options| options.next_attempt_delay_seconds);
    match update.action {
        Action::Fail if update.payload.is_some() => Err("Cannot provide a Payload for FAIL action."),
        Action::Succeed if update.error.is_some() => Err("Cannot provide an Error for SUCCEED action."),
        Action::Retry if delay.is_none() => Err("Invalid StepOptions for the given action."),
        Action::Retry if update.error.is_some() && update.payload.is_some() => {
            Err("Cannot provide both error and payload to RETRY a STEP.")
        }
        _ => Ok(()),
    }
}

/// Nothing changes any more inside a finished context: what ran there is abandoned.
fn check_ancestors(
    execution: &Execution,
    foreseen: &HashMap<OperationId, Foreseen>,
    parent: Option<OperationId>,
) -> Refusal {
    let mut next = parent;
    while let Some(id) = next {
        let (status, parent) = match (foreseen.get(&id), execution.records.find(&id)) {
            (Some(ahead), _) => (ahead.status, ahead.parent),
            (None, Some(record)) => (record.operation.status, record.operation.parent_id),
            (None, None) => return Err("Invalid parent operation id."),
        };
        if status.is_terminal() {
            return Err("Cannot update an operation of a CONTEXT that has already completed.");
        }
        next = parent;
    }
    Ok(())
}
