//! What the service's model demands of a checkpoint request by itself: patterns, ranges and sizes. Knows no state.

use super::super::arn::is_word;
use crate::service::ServiceError;
use crate::wire::{Action, CheckpointRequest, OperationType, OperationUpdate, StateRequest, limits};

/// The service's largest page.
const MAX_ITEMS: u32 = 1000;
const SUB_TYPE_CHARS: usize = 32;
const CLIENT_TOKEN_CHARS: usize = 64;
const FUNCTION_NAME_CHARS: usize = 256;
const TENANT_CHARS: usize = 256;
const TRACE_CHARS: usize = 8192;
const CALLBACK_SECONDS: u64 = 99_999_999;
/// Bytes of one request with more than one update: the largest single payload must pass, alone. SDKs send at most
/// 750 KiB.
const REQUEST_BYTES: usize = limits::PAYLOAD_BYTES;
/// The model says 6 MiB for EXECUTION, yet SDKs checkpoint exactly those results that are larger than an answer may
/// be, and emulators take them. Accepted until the service's real limit is known.
const EXECUTION_PAYLOAD_BYTES: usize = 32 * 1024 * 1024;
/// What an update takes beside its texts, roughly.
const UPDATE_BYTES: usize = 100;

/// Checks a request against the model.
pub(crate) fn check(request: &CheckpointRequest) -> Result<(), ServiceError> {
    let token_byte = |byte: u8| (0x21..=0x7e).contains(&byte);
    if let Some(token) = &request.client_token {
        let fits = (1..=CLIENT_TOKEN_CHARS).contains(&token.len()) && token.bytes().all(token_byte);
        constraint(fits, "clientToken", || format!("1 to {CLIENT_TOKEN_CHARS} characters of [\\x21-\\x7E]"))?;
    }
    let count = request.updates.len();
    constraint(count <= limits::BATCH_UPDATES, "updates", || format!("at most {} updates", limits::BATCH_UPDATES))?;
    request.updates.iter().enumerate().try_for_each(|(index, update)| check_update(index + 1, update))?;
    let bytes: usize = request.updates.iter().map(update_bytes).sum();
    let one_result = request.updates.iter().any(|update| update.operation_type == OperationType::Execution);
    let fits = count <= 1 || one_result || bytes <= REQUEST_BYTES;
    constraint(fits, "updates", || format!("at most {REQUEST_BYTES} bytes in a request of several updates"))
}

/// Checks a request for state against the model.
pub(crate) fn check_state(request: &StateRequest) -> Result<(), ServiceError> {
    constraint(request.max_items <= MAX_ITEMS, "maxItems", || format!("0 to {MAX_ITEMS}"))
}

fn check_update(number: usize, update: &OperationUpdate) -> Result<(), ServiceError> {
    let at = |member: &str| format!("updates.{number}.member.{member}");
    let printable = |text: &str| text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let delay = |seconds: &u64| (1..=limits::DELAY_SECONDS).contains(seconds);

    let name_fits =
        update.name.as_ref().is_none_or(|name| (1..=limits::NAME_CHARS).contains(&name.len()) && printable(name));
    constraint(name_fits, &at("name"), || format!("1 to {} printable ASCII characters", limits::NAME_CHARS))?;
    let sub_type_fits = update.sub_type.as_ref().is_none_or(|word| is_word(word.as_str(), SUB_TYPE_CHARS));
    constraint(sub_type_fits, &at("subType"), || format!("1 to {SUB_TYPE_CHARS} characters of [a-zA-Z0-9-_]"))?;

    let limit = match update.operation_type {
        OperationType::Execution => EXECUTION_PAYLOAD_BYTES,
        _ => limits::PAYLOAD_BYTES,
    };
    let payload_fits = update.payload.as_ref().is_none_or(|payload| payload.len() <= limit);
    constraint(payload_fits, &at("payload"), || format!("at most {limit} bytes"))?;

    let retry = update.step_options.as_ref().and_then(|options| options.next_attempt_delay_seconds);
    constraint(retry.as_ref().is_none_or(delay), &at("stepOptions.nextAttemptDelaySeconds"), delay_range)?;
    let wait = update.wait_options.as_ref().and_then(|options| options.wait_seconds);
    constraint(wait.as_ref().is_none_or(delay), &at("waitOptions.waitSeconds"), delay_range)?;
    if let Some(options) = &update.callback_options {
        let fits = options.timeout_seconds.into_iter().chain(options.heartbeat_timeout_seconds);
        let fits = fits.max().unwrap_or(0) <= CALLBACK_SECONDS;
        constraint(fits, &at("callbackOptions"), || format!("timeouts of at most {CALLBACK_SECONDS} seconds"))?;
    }
    if let Some(options) = &update.chained_invoke_options {
        let name_fits = (1..=FUNCTION_NAME_CHARS).contains(&options.function_name.len());
        let member = at("chainedInvokeOptions.functionName");
        constraint(name_fits, &member, || format!("1 to {FUNCTION_NAME_CHARS} characters"))?;
        let tenant_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/=+-@ ".contains(&byte);
        let tenant_fits = options
            .tenant_id
            .as_ref()
            .is_none_or(|tenant| (1..=TENANT_CHARS).contains(&tenant.len()) && tenant.bytes().all(tenant_byte));
        constraint(tenant_fits, &at("chainedInvokeOptions.tenantId"), || {
            format!("1 to {TENANT_CHARS} characters of [a-zA-Z0-9._:/=+-@ ]")
        })?;
        let trace_fits = options.x_amzn_trace_id.as_ref().is_none_or(|trace| trace.len() <= TRACE_CHARS);
        constraint(trace_fits, &at("chainedInvokeOptions.xAmznTraceId"), || {
            format!("at most {TRACE_CHARS} characters")
        })?;
    }
    check_options(update)
}

/// The options that an action cannot do without.
fn check_options(update: &OperationUpdate) -> Result<(), ServiceError> {
    let missing = match (update.operation_type, update.action) {
        (OperationType::Wait, Action::Start) => {
            update.wait_options.as_ref().and_then(|options| options.wait_seconds).is_none().then_some("WaitOptions")
        }
        (OperationType::ChainedInvoke, Action::Start) => {
            update.chained_invoke_options.is_none().then_some("ChainedInvokeOptions")
        }
        _ => None,
    };
    match missing {
        Some(options) => Err(ServiceError::invalid_parameter(format!("Invalid {options} for the given action."))),
        None => Ok(()),
    }
}

fn update_bytes(update: &OperationUpdate) -> usize {
    let texts = [update.payload.as_ref(), update.name.as_ref()];
    let error = update.error.as_ref().map_or(0, crate::wire::ErrorObject::json_bytes);
    UPDATE_BYTES + error + texts.into_iter().flatten().map(String::len).sum::<usize>()
}

fn delay_range() -> String {
    format!("1 to {} seconds", limits::DELAY_SECONDS)
}

fn constraint(holds: bool, member: &str, wanted: impl FnOnce() -> String) -> Result<(), ServiceError> {
    if holds {
        return Ok(());
    }
    let wanted = wanted();
    Err(ServiceError::invalid_parameter(format!("Value at '{member}' failed to satisfy constraint: {wanted}")))
}
