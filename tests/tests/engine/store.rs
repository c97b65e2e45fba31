use std::time::Duration;

use durable_runtime::engine::{
    Arn, ClosedBy, Engine, EngineError, ExecutionStatus, ListFilter, Reader, complete_callback_in_store,
    heartbeat_in_store, stop_in_store,
};
use durable_runtime::wire::OperationType::Step;
use durable_runtime::wire::{ErrorObject, OperationStatus};

use crate::support::*;

/// An engine on the machine's clock with a function that waits for ever.
async fn waiting(path: &std::path::Path) -> Engine {
    let engine = Engine::open(path).await.unwrap();
    engine.register(
        "waits",
        script(|mut call| async move {
            if call.operations.len() == 1 {
                call.send(vec![succeed(Step, "1", "1"), callback("2", 0, 0)]).await;
                return pending();
            }
            succeeded("1")
        }),
    );
    engine
}

/// Starts an execution and comes back when it waits.
async fn started(engine: &Engine, name: &str) -> durable_runtime::engine::Arn {
    let arn = engine.start("waits", "{}", called(name)).await.unwrap().arn;
    while engine.history(&arn).await.unwrap().len() < 4 {
        tokio::task::yield_now().await;
    }
    arn
}

#[tokio::test]
async fn a_store_has_one_owner_and_says_which() {
    let path = directory("one-owner").join("store.db");
    let engine = Engine::open(&path).await.unwrap();
    let link = path.with_file_name("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for way in [&path, &link] {
        let refused = Engine::options().lock_timeout(Duration::ZERO).open(way).await.err().unwrap();
        let real = std::fs::canonicalize(&path).unwrap();
        assert_eq!(refused, EngineError::Locked { path: real, pid: Some(std::process::id()) });
    }
    engine.close().await.unwrap();
    Engine::open(&path).await.unwrap();
}

#[tokio::test]
async fn what_is_not_a_store_is_refused_and_left_alone() {
    let directory = directory("foreign");
    let text = directory.join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be looked at as one".repeat(100)).unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(matches!(Engine::open(&text).await.err().unwrap(), EngineError::NotAStore { .. }));
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let foreign = directory.join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE orders (id)").unwrap();
    let before = std::fs::read(&foreign).unwrap();
    let refused = Engine::open(&foreign).await.err().unwrap();
    assert!(refused.to_string().contains("an SQLite database of something else"), "{refused}");
    assert_eq!(std::fs::read(&foreign).unwrap(), before);
    assert!(matches!(Reader::open(&foreign).err().unwrap(), EngineError::NotAStore { .. }));

    let newer = directory.join("newer.db");
    Engine::open(&newer).await.unwrap().close().await.unwrap();
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 999).unwrap();
    assert!(matches!(Engine::open(&newer).await.err().unwrap(), EngineError::NewerStore { found: 999, .. }));

    assert!(matches!(Engine::open(&directory).await.err().unwrap(), EngineError::NotAStore { .. }));
    let nowhere = directory.join("missing").join("store.db");
    assert!(matches!(Engine::open(&nowhere).await.err().unwrap(), EngineError::Unusable { .. }));
    assert!(matches!(Reader::open(directory.join("none.db")).err().unwrap(), EngineError::NoStore { .. }));
    assert!(!directory.join("none.db").exists());
}

#[tokio::test]
async fn an_execution_is_found_by_name_by_id_and_by_an_unambiguous_beginning() {
    let engine = engine().await;
    engine.register("scripted", script(|_| async { succeeded("1") }));
    let mut arns = Vec::new();
    for name in ["order", "order-17", "order-18", "refund"] {
        arns.push(engine.start("scripted", "{}", called(name)).await.unwrap().arn);
    }
    for (text, expected) in [
        ("order", &arns[0]),
        ("order-17", &arns[1]),
        (arns[2].as_str(), &arns[2]),
        (arns[2].id(), &arns[2]),
        (&arns[3].id()[..20], &arns[3]),
        ("ref", &arns[3]),
    ] {
        assert_eq!(engine.find(text).await.as_ref(), Ok(expected), "{text}");
    }
    let ambiguous = engine.find("order-").await.unwrap_err();
    assert_eq!(
        ambiguous,
        EngineError::Ambiguous { text: "order-".into(), candidates: vec![arns[2].clone(), arns[1].clone()] }
    );
    for text in ["", "order-19", "%", "_rder"] {
        assert!(matches!(engine.find(text).await.unwrap_err(), EngineError::NoSuchExecution { .. }), "{text}");
    }
}

#[tokio::test]
async fn another_terminal_sees_what_the_owner_has_committed() {
    let path = directory("reader").join("store.db");
    let engine = waiting(&path).await;
    let arn = started(&engine, "first").await;
    let other = started(&engine, "second").await;
    engine.stop(&other, None).await.unwrap();

    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.find("first").unwrap(), arn);
    let summary = reader.describe(&arn).unwrap();
    assert_eq!((summary.status, summary.registered), (ExecutionStatus::Running, None));
    assert_eq!(reader.history(&arn).unwrap(), engine.history(&arn).await.unwrap());
    assert_eq!(reader.operations(&arn).unwrap(), engine.operations(&arn).await.unwrap());
    let names =
        |filter: ListFilter| reader.list(&filter).unwrap().into_iter().map(|summary| summary.name).collect::<Vec<_>>();
    assert_eq!(names(ListFilter::default()), ["second", "first"]);
    assert_eq!(names(ListFilter { limit: Some(1), ..ListFilter::default() }), ["second"]);
    assert_eq!(names(ListFilter { statuses: vec![ExecutionStatus::Running], ..ListFilter::default() }), ["first"]);
    assert!(names(ListFilter { function: Some("other".into()), ..ListFilter::default() }).is_empty());
}

#[tokio::test]
async fn a_stop_from_elsewhere_is_applied_by_the_owner_or_without_one() {
    let path = directory("inbox").join("store.db");
    let engine = waiting(&path).await;
    let owned = started(&engine, "owned").await;
    let orphan = started(&engine, "orphan").await;
    let error = ErrorObject::new("Operator", "enough");
    let stopped = stop_in_store(&path, &owned, Some(error.clone())).await.unwrap();
    assert_eq!((stopped.status, stopped.error.as_ref()), (ExecutionStatus::Stopped, Some(&error)));
    assert_eq!(engine.wait(&owned).await.unwrap().status, ExecutionStatus::Stopped);
    engine.close().await.unwrap();

    assert_eq!(stop_in_store(&path, &orphan, None).await.unwrap().status, ExecutionStatus::Stopped);
    let history = Reader::open(&path).unwrap().history(&orphan).unwrap();
    assert_eq!(history.last().unwrap().event_type, "ExecutionStopped");
    let nowhere = stop_in_store(path.with_file_name("none.db"), &orphan, None).await.unwrap_err();
    assert!(matches!(nowhere, EngineError::NoStore { .. }));
}

#[tokio::test]
async fn a_callback_is_answered_from_elsewhere_by_the_owner_or_without_one() {
    let path = directory("inbox-callbacks").join("store.db");
    let engine = waiting(&path).await;
    let owned = started(&engine, "owned").await;
    let orphan = started(&engine, "orphan").await;
    let callback = |arn: &Arn| {
        let operations = Reader::open(&path).unwrap().operations(arn).unwrap();
        operations.into_iter().find_map(|one| one.operation.callback_details).unwrap().callback_id.unwrap()
    };
    let recorded = |arn: &Arn| {
        let operations = Reader::open(&path).unwrap().operations(arn).unwrap();
        let found = operations.into_iter().find(|one| one.operation.callback_details.is_some()).unwrap().operation;
        (found.status, found.callback_details.unwrap())
    };
    let id = callback(&owned);
    heartbeat_in_store(&path, &id).await.unwrap();
    complete_callback_in_store(&path, &id, Ok(b"7".to_vec())).await.unwrap();
    let (status, details) = recorded(&owned);
    assert_eq!((status, details.result.as_deref()), (OperationStatus::Succeeded, Some("7")));
    let again = complete_callback_in_store(&path, &id, Ok(b"8".to_vec())).await.unwrap_err();
    assert_eq!(again, EngineError::CallbackClosed { id, by: ClosedBy::Answer });

    let id = callback(&orphan);
    engine.close().await.unwrap();
    let large = complete_callback_in_store(&path, &id, Ok(vec![b'1'; 1024 * 1024 + 1])).await.unwrap_err();
    assert!(matches!(large, EngineError::InvalidInput { .. }), "{large}");
    let error = ErrorObject::new("Declined", "no");
    complete_callback_in_store(&path, &id, Err(error.clone())).await.unwrap();
    let (status, details) = recorded(&orphan);
    assert_eq!((status, details.error), (OperationStatus::Failed, Some(error)));
    let unknown = heartbeat_in_store(&path, "nonsense").await.unwrap_err();
    assert_eq!(unknown, EngineError::NoSuchCallback { id: "nonsense".into() });
}

#[tokio::test]
async fn a_request_left_for_an_owner_that_dies_is_done_by_its_sender() {
    let path = directory("dying-owner").join("store.db");
    let engine = Engine::options().inbox_interval(Duration::from_secs(3600)).open(&path).await.unwrap();
    engine.register(
        "waits",
        script(|mut call| async move {
            call.send(vec![succeed(Step, "1", "1"), callback("2", 0, 0)]).await;
            pending()
        }),
    );
    let arn = started(&engine, "left").await;
    let stopping = tokio::spawn({
        let (path, arn) = (path.clone(), arn.clone());
        async move { stop_in_store(&path, &arn, None).await }
    });
    let left = || {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.query_row("SELECT count(*) FROM inbox", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    while left() == 0 {
        tokio::task::yield_now().await;
    }
    drop(engine);
    assert_eq!(stopping.await.unwrap().unwrap().status, ExecutionStatus::Stopped);
    assert_eq!(left(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_for_a_moment_keeps_nobody_out() {
    let path = directory("for-a-moment").join("store.db");
    let engine = waiting(&path).await;
    let arn = started(&engine, "stopped").await;
    engine.close().await.unwrap();
    let visits = (0..8).map(|_| {
        let path = path.clone();
        tokio::spawn(
            async move { Engine::options().lock_timeout(Duration::from_secs(60)).open(&path).await?.close().await },
        )
    });
    let visits = futures_util::future::join_all(visits);
    let (visits, stopped) = futures_util::future::join(visits, stop_in_store(&path, &arn, None)).await;
    for visit in visits {
        visit.unwrap().unwrap();
    }
    assert_eq!(stopped.unwrap().status, ExecutionStatus::Stopped);
}

#[tokio::test]
async fn a_store_is_read_where_nothing_can_be_written_beside_it() {
    let path = directory("read-only").join("store.db");
    let engine = waiting(&path).await;
    let arn = started(&engine, "kept").await;
    let operations = engine.operations(&arn).await.unwrap();
    engine.close().await.unwrap();
    // A name so long that no other file can be named after it, whoever runs the test, and that means something in an
    // address.
    let long = path.with_file_name(format!("{}50%#1?.db", "x".repeat(244)));
    std::fs::rename(&path, &long).unwrap();

    let reader = Reader::open(&long).unwrap();
    assert_eq!(reader.list(&ListFilter::default()).unwrap().len(), 1);
    assert_eq!(reader.operations(&arn).unwrap(), operations);
    let refused = stop_in_store(&long, &arn, None).await.unwrap_err();
    assert!(matches!(refused, EngineError::Unusable { .. }), "{refused}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_log_beside_the_store_is_read_where_nothing_can_be_written() {
    let path = directory("read-only-log").join("store.db");
    let engine = waiting(&path).await;
    let arn = started(&engine, "in-the-log").await;
    let copy = path.with_file_name("copy.db");
    for end in ["", "-wal"] {
        std::fs::copy(format!("{}{end}", path.display()), format!("{}{end}", copy.display())).unwrap();
    }
    std::fs::create_dir(path.with_file_name("copy.db-shm")).unwrap();
    assert_eq!(Reader::open(&copy).unwrap().operations(&arn).unwrap(), engine.operations(&arn).await.unwrap());
}
