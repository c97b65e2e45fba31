use std::sync::Arc;

use durable_runtime::engine::{Engine, ExecutionStatus, StartOptions};
use durable_runtime::service::ErrorClass;
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::OperationType::{Callback, ChainedInvoke, Context, Execution, Step, Unknown, Wait};
use durable_runtime::wire::{Action, CallbackOptions, ErrorObject, OperationUpdate, SubType};

use crate::support::*;

/// What the state holds when each batch below is refused.
fn background() -> Vec<OperationUpdate> {
    vec![
        start(Context, "open"),
        start(Context, "closed"),
        inside("closed", start(Step, "orphan")),
        inside("closed", start(Context, "deep")),
        named("charge", start(Step, "running")),
        retry("waiting", 60),
        succeed(Step, "over", "1"),
        wait("timer", 60),
        callback("answer", 60, 0),
        invoke("other", "missing", "1"),
    ]
}

fn refused() -> Vec<(&'static str, Vec<OperationUpdate>)> {
    let both = OperationUpdate { payload: Some("1".into()), ..retry("running", 1) };
    let payload_and_fail = OperationUpdate { payload: Some("1".into()), ..fail(Step, "running", "E") };
    let error_and_succeed = OperationUpdate { error: Some(ErrorObject::default()), ..succeed(Step, "running", "1") };
    let long = OperationUpdate {
        error: Some(ErrorObject::new("E", "x".repeat(32_768))),
        ..update(Step, "running", Action::Fail)
    };
    let sub_typed = OperationUpdate { sub_type: Some(SubType::WAIT), ..succeed(Step, "running", "1") };
    vec![
        (
            "Cannot checkpoint multiple EXECUTION updates.",
            vec![succeed(Execution, "x", "1"), succeed(Execution, "y", "1")],
        ),
        ("EXECUTION checkpoint must be the last update.", vec![succeed(Execution, "x", "1"), start(Step, "new")]),
        ("Cannot checkpoint multiple operations with the same ID.", vec![start(Step, "new"), start(Step, "new")]),
        (
            "Cannot checkpoint multiple operations with the same ID.",
            vec![start(Step, "new"), succeed(Step, "new", "1"), succeed(Step, "new", "1")],
        ),
        (
            "Cannot checkpoint multiple operations with the same ID.",
            vec![wait("new", 1), update(Wait, "new", Action::Cancel)],
        ),
        ("Invalid parent operation id.", vec![inside("nowhere", start(Step, "new"))]),
        ("Invalid parent operation id.", vec![inside("running", start(Step, "new"))]),
        ("Invalid parent operation id.", vec![inside("later", start(Step, "new")), start(Context, "later")]),
        ("Inconsistent operation type.", vec![start(Context, "running")]),
        ("Inconsistent operation subtype.", vec![sub_typed]),
        ("Inconsistent operation name.", vec![named("refund", succeed(Step, "running", "1"))]),
        ("Inconsistent parent operation id.", vec![inside("open", succeed(Step, "running", "1"))]),
        ("Error object size must be less than 32768 bytes.", vec![long]),
        ("Unknown operation type.", vec![start(Unknown, "new")]),
        ("Invalid action for the given operation type.", vec![start(Execution, "new")]),
        ("Invalid action for the given operation type.", vec![update(Context, "open", Action::Retry)]),
        ("Invalid action for the given operation type.", vec![succeed(Wait, "timer", "1")]),
        ("Invalid action for the given operation type.", vec![succeed(Callback, "answer", "1")]),
        ("Invalid action for the given operation type.", vec![update(ChainedInvoke, "other", Action::Cancel)]),
        ("Cannot start a CONTEXT that already exist.", vec![start(Context, "open")]),
        ("Cannot start a WAIT that already exist.", vec![wait("timer", 1)]),
        ("Cannot start a CALLBACK that already exist.", vec![callback("answer", 0, 0)]),
        ("Cannot start a CHAINED_INVOKE that already exist.", vec![invoke("other", "missing", "1")]),
        ("Invalid current STEP state to start.", vec![start(Step, "running")]),
        ("Invalid current STEP state to start.", vec![start(Step, "waiting")]),
        ("Invalid current STEP state to start.", vec![start(Step, "over")]),
        ("Invalid current STEP state to close.", vec![succeed(Step, "waiting", "1")]),
        ("Invalid current STEP state to close.", vec![fail(Step, "over", "E")]),
        ("Invalid current STEP state to re-attempt.", vec![retry("over", 1)]),
        ("Invalid current CONTEXT state to close.", vec![succeed(Context, "closed", "1")]),
        (
            "Cannot cancel a WAIT that does not exist or has already completed.",
            vec![update(Wait, "new", Action::Cancel)],
        ),
        ("Cannot provide a Payload for FAIL action.", vec![payload_and_fail]),
        ("Cannot provide an Error for SUCCEED action.", vec![error_and_succeed]),
        ("Invalid StepOptions for the given action.", vec![update(Step, "running", Action::Retry)]),
        ("Cannot provide both error and payload to RETRY a STEP.", vec![both]),
        ("Invalid WaitOptions for the given action.", vec![start(Wait, "new")]),
        ("Invalid ChainedInvokeOptions for the given action.", vec![start(ChainedInvoke, "new")]),
        ("Cannot update an operation of a CONTEXT that has already completed.", vec![succeed(Step, "orphan", "1")]),
        (
            "Cannot update an operation of a CONTEXT that has already completed.",
            vec![inside("deep", start(Step, "new"))],
        ),
        (
            "Cannot update an operation of a CONTEXT that has already completed.",
            vec![succeed(Context, "open", "1"), inside("open", start(Step, "new"))],
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_the_service_refuses_is_refused_in_its_words_and_changes_nothing() {
    let refused = Arc::new(refused());
    let (engine, summary) = run(move |mut call| {
        let refused = Arc::clone(&refused);
        async move {
            call.send(background()).await;
            call.send(vec![succeed(Context, "closed", "1")]).await;
            for (message, updates) in refused.iter() {
                // A valid update before the invalid one must not be applied either.
                let mut batch = vec![start(Step, "innocent")];
                batch.extend(updates.iter().cloned());
                let error = call.try_send(batch).await.expect_err(message);
                assert_eq!((error.message.as_str(), error.class()), (*message, ErrorClass::Terminal));
            }
            assert!(call.poll().await.is_empty());
            succeeded("1")
        }
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    let ids: Vec<_> =
        engine.operations(&summary.arn).await.unwrap().iter().map(|known| known.operation.id.to_string()).collect();
    assert!(!ids.contains(&"innocent".into()) && !ids.contains(&"new".into()));
}

#[tokio::test(start_paused = true)]
async fn the_first_rule_broken_in_the_services_order_is_the_one_named() {
    run(|mut call| async move {
        call.send(vec![start(Step, "1")]).await;
        let batch = vec![
            start(Step, "1"),
            inside("nowhere", start(Step, "2")),
            succeed(Execution, "x", "1"),
            succeed(Execution, "y", "1"),
        ];
        let first = call.try_send(batch.clone()).await.unwrap_err();
        assert_eq!(first.message, "Cannot checkpoint multiple EXECUTION updates.");
        let second = call.try_send(batch[..2].to_vec()).await.unwrap_err();
        assert_eq!(second.message, "Invalid parent operation id.");
        let third = call.try_send(batch[..1].to_vec()).await.unwrap_err();
        assert_eq!(third.message, "Invalid current STEP state to start.");
        succeeded("1")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn patterns_ranges_and_sizes_of_the_model_are_enforced() {
    let sub_type = |word: &str| OperationUpdate {
        sub_type: Some(SubType::from(std::borrow::Cow::Borrowed(word))),
        ..start(Step, "1")
    };
    let timeout = |seconds| OperationUpdate {
        callback_options: Some(CallbackOptions { timeout_seconds: Some(seconds), heartbeat_timeout_seconds: None }),
        ..start(Callback, "1")
    };
    let payload = |bytes| succeed(Step, "1", &"x".repeat(bytes));
    let many = |count| (0..count).map(|number| start(Step, &format!("s{number}"))).collect::<Vec<_>>();
    const MIB: usize = 1024 * 1024;
    let cases: Vec<(&str, Vec<OperationUpdate>, bool)> = vec![
        ("updates.1.member.name", vec![named("", start(Step, "1"))], false),
        ("updates.1.member.name", vec![named("caf\u{e9}", start(Step, "1"))], false),
        ("updates.1.member.name", vec![named(&"x".repeat(257), start(Step, "1"))], false),
        ("", vec![named(&"x".repeat(256), start(Step, "1"))], true),
        ("updates.1.member.subType", vec![sub_type("no spaces")], false),
        ("updates.1.member.subType", vec![sub_type(&"x".repeat(33))], false),
        ("updates.1.member.payload", vec![payload(MIB + 1)], false),
        ("", vec![payload(MIB)], true),
        ("updates.2.member.waitOptions.waitSeconds", vec![start(Step, "2"), wait("1", 0)], false),
        ("updates.1.member.waitOptions.waitSeconds", vec![wait("1", 31_622_401)], false),
        ("", vec![wait("1", 31_622_400)], true),
        ("updates.1.member.stepOptions.nextAttemptDelaySeconds", vec![retry("1", 0)], false),
        ("updates.1.member.callbackOptions", vec![timeout(100_000_000)], false),
        ("", vec![timeout(99_999_999)], true),
        ("updates.1.member.chainedInvokeOptions.functionName", vec![invoke("1", "", "1")], false),
        ("updates", many(251), false),
        ("", many(250), true),
        ("updates", vec![payload(MIB), start(Step, "2")], false),
    ];
    for (member, updates, accepted) in cases {
        let (_, summary) = run(move |mut call| {
            let updates = updates.clone();
            async move {
                match call.try_send(updates).await {
                    Ok(_) => assert!(accepted, "accepted although {member}"),
                    Err(error) => {
                        assert!(!accepted && error.message.contains(&format!("'{member}'")), "{member}: {error}");
                        assert_eq!(error.class(), ErrorClass::Terminal);
                    }
                }
                succeeded("1")
            }
        })
        .await;
        assert_eq!(summary.status, ExecutionStatus::Succeeded);
    }
}

#[tokio::test(start_paused = true)]
async fn more_operations_than_the_quota_end_the_execution_failed_and_without_a_token() {
    let options = Engine::options().clock(Arc::new(VirtualClock::new()));
    let engine = options.max_operations(3).open_in_memory().await.unwrap();
    engine.register(
        "scripted",
        script(|mut call| async move {
            call.send(vec![start(Step, "1"), start(Step, "2"), start(Step, "3")]).await;
            call.send(vec![succeed(Step, "1", "1")]).await;
            assert_eq!(call.send(vec![start(Step, "4")]).await.checkpoint_token, None);
            succeeded("1")
        }),
    );
    let arn = engine.start("scripted", "{}", StartOptions::default()).await.unwrap().arn;
    let summary = finish(&engine, &arn).await;
    assert_eq!(summary.status, ExecutionStatus::Failed);
    assert_eq!(summary.error.unwrap().error_type.as_deref(), Some("OperationLimitExceeded"));
}

#[tokio::test(start_paused = true)]
async fn a_start_and_its_end_in_one_batch_count_once() {
    let options = Engine::options().clock(Arc::new(VirtualClock::new()));
    let engine = options.max_operations(2).open_in_memory().await.unwrap();
    engine.register(
        "scripted",
        script(|mut call| async move {
            call.send(vec![start(Step, "1"), succeed(Step, "1", "1")]).await;
            call.send(vec![start(Context, "2"), succeed(Context, "2", "1")]).await;
            succeeded("1")
        }),
    );
    let arn = begin(&engine, "scripted").await;
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_operations_may_be_as_large_as_there_is() {
    let options = Engine::options().clock(Arc::new(VirtualClock::new()));
    let engine = options.max_operations(usize::MAX).open_in_memory().await.unwrap();
    engine.register(
        "scripted",
        script(|mut call| async move {
            call.send(vec![succeed(Step, "1", "1")]).await;
            succeeded("1")
        }),
    );
    let arn = begin(&engine, "scripted").await;
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}
