//! What the service answers, in the runtime's types. Moves texts, copies none; what the SDK does not know stays unknown.

use aws_sdk_lambda::operation::checkpoint_durable_execution::CheckpointDurableExecutionOutput;
use aws_sdk_lambda::primitives::DateTime;
use aws_sdk_lambda::types;

use crate::service::ServiceError;
use crate::wire::{
    CallbackDetails, ChainedInvokeDetails, CheckpointResponse, ContextDetails, ErrorObject, ExecutionDetails,
    Operation, OperationId, OperationStatus, OperationType, StatePage, StepDetails, SubType, Timestamp, WaitDetails,
};

pub(super) fn checkpoint(answer: CheckpointDurableExecutionOutput) -> Result<CheckpointResponse, ServiceError> {
    let new_execution_state = match answer.new_execution_state {
        Some(state) => page(state.operations.unwrap_or_default(), state.next_marker)?,
        None => StatePage::default(),
    };
    Ok(CheckpointResponse { checkpoint_token: answer.checkpoint_token, new_execution_state })
}

pub(super) fn page(operations: Vec<types::Operation>, next_marker: Option<String>) -> Result<StatePage, ServiceError> {
    let operations = operations.into_iter().map(|one| operation(one).map(Box::new)).collect::<Result<_, _>>()?;
    Ok(StatePage { operations, next_marker })
}

fn operation(operation: types::Operation) -> Result<Operation, ServiceError> {
    let id = |text: String| {
        OperationId::new(&text).map_err(|error| ServiceError::unavailable(format!("the service's answer: {error}")))
    };
    Ok(Operation {
        id: id(operation.id)?,
        parent_id: operation.parent_id.map(id).transpose()?,
        name: operation.name,
        operation_type: operation_type(&operation.r#type),
        sub_type: operation.sub_type.map(|word| SubType::from(std::borrow::Cow::from(word))),
        status: status(&operation.status),
        start_timestamp: timestamp(operation.start_timestamp),
        end_timestamp: operation.end_timestamp.map(timestamp),
        execution_details: operation
            .execution_details
            .map(|details| ExecutionDetails { input_payload: details.input_payload }),
        context_details: operation.context_details.map(|details| ContextDetails {
            replay_children: details.replay_children,
            result: details.result,
            error: details.error.map(error),
        }),
        step_details: operation.step_details.map(|details| StepDetails {
            attempt: u32::try_from(details.attempt).unwrap_or_default(),
            next_attempt_timestamp: details.next_attempt_timestamp.map(timestamp),
            result: details.result,
            error: details.error.map(error),
        }),
        wait_details: operation
            .wait_details
            .map(|details| WaitDetails { scheduled_end_timestamp: details.scheduled_end_timestamp.map(timestamp) }),
        callback_details: operation.callback_details.map(|details| CallbackDetails {
            callback_id: details.callback_id,
            result: details.result,
            error: details.error.map(error),
        }),
        chained_invoke_details: operation
            .chained_invoke_details
            .map(|details| ChainedInvokeDetails { result: details.result, error: details.error.map(error) }),
    })
}

fn operation_type(operation_type: &types::OperationType) -> OperationType {
    match operation_type {
        types::OperationType::Execution => OperationType::Execution,
        types::OperationType::Context => OperationType::Context,
        types::OperationType::Step => OperationType::Step,
        types::OperationType::Wait => OperationType::Wait,
        types::OperationType::Callback => OperationType::Callback,
        types::OperationType::ChainedInvoke => OperationType::ChainedInvoke,
        _ => OperationType::Unknown,
    }
}

fn status(status: &types::OperationStatus) -> OperationStatus {
    match status {
        types::OperationStatus::Started => OperationStatus::Started,
        types::OperationStatus::Pending => OperationStatus::Pending,
        types::OperationStatus::Ready => OperationStatus::Ready,
        types::OperationStatus::Succeeded => OperationStatus::Succeeded,
        types::OperationStatus::Failed => OperationStatus::Failed,
        types::OperationStatus::Cancelled => OperationStatus::Cancelled,
        types::OperationStatus::TimedOut => OperationStatus::TimedOut,
        types::OperationStatus::Stopped => OperationStatus::Stopped,
        _ => OperationStatus::Unknown,
    }
}

fn error(error: types::ErrorObject) -> ErrorObject {
    ErrorObject {
        error_message: error.error_message,
        error_type: error.error_type,
        error_data: error.error_data,
        stack_trace: error.stack_trace,
    }
}

/// Whole milliseconds. A time that does not fit into them is at an end of time.
fn timestamp(time: DateTime) -> Timestamp {
    let end = if time.secs() < 0 { i64::MIN } else { i64::MAX };
    Timestamp::from_millis(time.to_millis().unwrap_or(end))
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::primitives::DateTime;
    use aws_sdk_lambda::types;
    use aws_sdk_lambda::types::builders::OperationBuilder;

    use super::page;
    use crate::wire::{Operation, OperationStatus, OperationType, Timestamp};

    fn step(id: &str) -> OperationBuilder {
        types::Operation::builder()
            .id(id)
            .r#type(types::OperationType::Step)
            .status(types::OperationStatus::Pending)
            .start_timestamp(DateTime::from_millis(1_766_055_225_863))
    }

    fn read(operation: OperationBuilder) -> Operation {
        let page = page(vec![operation.build().unwrap()], None).unwrap();
        *page.operations.into_iter().next().unwrap()
    }

    #[test]
    fn every_member_of_an_operation_is_read() {
        let details = types::StepDetails::builder().attempt(2).result("[]");
        let details = details.next_attempt_timestamp(DateTime::from_secs_f64(1_766_055_230.5)).build();
        let read = read(step("2-1").parent_id("2").name("charge").sub_type("Step").step_details(details));
        assert_eq!((read.id.as_str(), read.parent_id.unwrap().as_str()), ("2-1", "2"));
        assert_eq!((read.operation_type, read.status), (OperationType::Step, OperationStatus::Pending));
        assert_eq!((read.name.as_deref(), read.sub_type.unwrap().as_str()), (Some("charge"), "Step"));
        assert_eq!(read.start_timestamp, Timestamp::from_millis(1_766_055_225_863));
        let details = read.step_details.unwrap();
        assert_eq!((details.attempt, details.result.as_deref()), (2, Some("[]")));
        assert_eq!(details.next_attempt_timestamp, Some(Timestamp::from_millis(1_766_055_230_500)));
    }

    #[test]
    fn results_and_errors_of_every_type_are_read() {
        let error = || types::ErrorObject::builder().error_type("T").error_message("m").stack_trace("at x").build();
        let context = types::ContextDetails::builder().replay_children(true).error(error()).build();
        let callback = types::CallbackDetails::builder().callback_id("c").result("r").build();
        let invoke = types::ChainedInvokeDetails::builder().error(error()).build();
        let wait = types::WaitDetails::builder().scheduled_end_timestamp(DateTime::from_secs(7)).build();
        let execution = types::ExecutionDetails::builder().input_payload("1").build();
        let read = read(
            step("1")
                .context_details(context)
                .callback_details(callback)
                .chained_invoke_details(invoke)
                .wait_details(wait)
                .execution_details(execution),
        );
        let context = read.context_details.unwrap();
        let expected = serde_json::json!({"ErrorType": "T", "ErrorMessage": "m", "StackTrace": ["at x"]});
        assert_eq!(serde_json::to_value(context.error.unwrap()).unwrap(), expected);
        assert_eq!(context.replay_children, Some(true));
        let callback = read.callback_details.unwrap();
        assert_eq!((callback.callback_id.as_deref(), callback.result.as_deref()), (Some("c"), Some("r")));
        assert_eq!(serde_json::to_value(read.chained_invoke_details.unwrap().error.unwrap()).unwrap(), expected);
        assert_eq!(read.wait_details.unwrap().scheduled_end_timestamp, Some(Timestamp::from_millis(7000)));
        assert_eq!(read.execution_details.unwrap().input_payload.as_deref(), Some("1"));
    }

    #[test]
    fn what_the_service_added_later_stays_unknown() {
        let newer = step("1").r#type("TELEPORT".into()).status("PAUSING".into()).sub_type("Leap");
        let read = read(newer);
        assert_eq!((read.operation_type, read.status), (OperationType::Unknown, OperationStatus::Unknown));
        assert_eq!(read.sub_type.unwrap().as_str(), "Leap");
    }

    #[test]
    fn an_id_that_is_none_is_the_services_failure() {
        let error = page(vec![step("not an id").build().unwrap()], None).unwrap_err();
        assert!(error.message.contains("not an operation id"), "{error}");
    }
}
