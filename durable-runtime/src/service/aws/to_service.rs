//! What a function sends, in the SDK's types. Moves texts, copies none.

use aws_sdk_lambda::error::BuildError;
use aws_sdk_lambda::types;

use crate::wire::{
    Action, CallbackOptions, ChainedInvokeOptions, ContextOptions, ErrorObject, OperationType, OperationUpdate,
    StepOptions, WaitOptions,
};

pub(super) fn update(update: OperationUpdate) -> Result<types::OperationUpdate, BuildError> {
    types::OperationUpdate::builder()
        .id(update.id.as_str())
        .set_parent_id(update.parent_id.map(|id| id.as_str().to_owned()))
        .set_name(update.name)
        .r#type(operation_type(update.operation_type))
        .set_sub_type(update.sub_type.map(String::from))
        .action(action(update.action))
        .set_payload(update.payload)
        .set_error(update.error.map(error))
        .set_context_options(update.context_options.map(context_options))
        .set_step_options(update.step_options.map(step_options))
        .set_wait_options(update.wait_options.map(wait_options))
        .set_callback_options(update.callback_options.map(callback_options))
        .set_chained_invoke_options(update.chained_invoke_options.map(chained_invoke_options).transpose()?)
        .build()
}

fn operation_type(operation_type: OperationType) -> types::OperationType {
    match operation_type {
        OperationType::Execution => types::OperationType::Execution,
        OperationType::Context => types::OperationType::Context,
        OperationType::Step => types::OperationType::Step,
        OperationType::Wait => types::OperationType::Wait,
        OperationType::Callback => types::OperationType::Callback,
        OperationType::ChainedInvoke => types::OperationType::ChainedInvoke,
        // Read, never written: the service would refuse it by name.
        OperationType::Unknown => "UNKNOWN".into(),
    }
}

fn action(action: Action) -> types::OperationAction {
    match action {
        Action::Start => types::OperationAction::Start,
        Action::Succeed => types::OperationAction::Succeed,
        Action::Fail => types::OperationAction::Fail,
        Action::Retry => types::OperationAction::Retry,
        Action::Cancel => types::OperationAction::Cancel,
    }
}

fn error(error: ErrorObject) -> types::ErrorObject {
    types::ErrorObject::builder()
        .set_error_message(error.error_message)
        .set_error_type(error.error_type)
        .set_error_data(error.error_data)
        .set_stack_trace(error.stack_trace)
        .build()
}

fn context_options(options: ContextOptions) -> types::ContextOptions {
    types::ContextOptions::builder().set_replay_children(options.replay_children).build()
}

fn step_options(options: StepOptions) -> types::StepOptions {
    types::StepOptions::builder()
        .set_next_attempt_delay_seconds(options.next_attempt_delay_seconds.map(seconds))
        .build()
}

fn wait_options(options: WaitOptions) -> types::WaitOptions {
    types::WaitOptions::builder().set_wait_seconds(options.wait_seconds.map(seconds)).build()
}

fn callback_options(options: CallbackOptions) -> types::CallbackOptions {
    types::CallbackOptions::builder()
        .set_timeout_seconds(options.timeout_seconds.map(seconds))
        .set_heartbeat_timeout_seconds(options.heartbeat_timeout_seconds.map(seconds))
        .build()
}

fn chained_invoke_options(options: ChainedInvokeOptions) -> Result<types::ChainedInvokeOptions, BuildError> {
    types::ChainedInvokeOptions::builder()
        .function_name(options.function_name)
        .set_tenant_id(options.tenant_id)
        .set_x_amzn_trace_id(options.x_amzn_trace_id)
        .build()
}

/// Limits were checked before anything was queued; what is beyond the SDK's numbers is beyond the service's too.
fn seconds(seconds: u64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types;

    use super::update;
    use crate::wire::OperationUpdate;

    fn converted(json: serde_json::Value) -> types::OperationUpdate {
        update(serde_json::from_value::<OperationUpdate>(json).unwrap()).unwrap()
    }

    #[test]
    fn every_member_of_an_update_goes_along() {
        let sent = converted(serde_json::json!({
            "Id": "2-1", "ParentId": "2", "Name": "charge", "Type": "STEP", "SubType": "Step", "Action": "RETRY",
            "Payload": "{}", "StepOptions": {"NextAttemptDelaySeconds": 5},
            "Error": {"ErrorType": "T", "ErrorMessage": "m", "ErrorData": "d", "StackTrace": ["one", "two"]},
        }));
        assert_eq!((sent.id(), sent.parent_id(), sent.name()), ("2-1", Some("2"), Some("charge")));
        assert_eq!((sent.r#type(), sent.action()), (&types::OperationType::Step, &types::OperationAction::Retry));
        assert_eq!((sent.sub_type(), sent.payload()), (Some("Step"), Some("{}")));
        let error = sent.error().unwrap();
        assert_eq!((error.error_type(), error.error_message(), error.error_data()), (Some("T"), Some("m"), Some("d")));
        assert_eq!(error.stack_trace(), ["one", "two"]);
        assert_eq!(sent.step_options().unwrap().next_attempt_delay_seconds(), Some(5));
    }

    #[test]
    fn the_options_of_every_type_go_along() {
        let of = |kind: &str, member: &str, options: serde_json::Value| {
            converted(serde_json::json!({"Id": "1", "Type": kind, "Action": "START", member: options}))
        };
        let wait = of("WAIT", "WaitOptions", serde_json::json!({"WaitSeconds": 7}));
        assert_eq!(wait.wait_options().unwrap().wait_seconds(), Some(7));
        let timeouts = serde_json::json!({"TimeoutSeconds": 8, "HeartbeatTimeoutSeconds": 9});
        let callback = of("CALLBACK", "CallbackOptions", timeouts);
        let callback = callback.callback_options().unwrap();
        assert_eq!((callback.timeout_seconds(), callback.heartbeat_timeout_seconds()), (8, 9));
        let context = of("CONTEXT", "ContextOptions", serde_json::json!({"ReplayChildren": true}));
        assert_eq!(context.context_options().unwrap().replay_children(), Some(true));
        let target = serde_json::json!({"FunctionName": "f:1", "TenantId": "t", "XAmznTraceId": "Root=1"});
        let invoke = of("CHAINED_INVOKE", "ChainedInvokeOptions", target);
        let invoke = invoke.chained_invoke_options().unwrap();
        assert_eq!(
            (invoke.function_name(), invoke.tenant_id(), invoke.x_amzn_trace_id()),
            ("f:1", Some("t"), Some("Root=1"))
        );
    }
}
