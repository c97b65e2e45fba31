//! How values are recorded: chosen per operation, per batch, per function.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};
use durable_runtime::wire::{Action, OperationStatus};
use durable_runtime::{BatchResult, Encrypting, FileOverflow, Outcome, Serdes, SerdesPlace, invoke_with};

/// Records a text in capitals, and reads it as it is.
struct Upper;

impl Serdes<String> for Upper {
    fn serialize(&self, value: &String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(value.to_uppercase())
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(text.to_owned())
    }
}

struct Joined;

impl Serdes<BatchResult<Vec<Outcome<String, Error>>>> for Joined {
    fn serialize(
        &self,
        value: &BatchResult<Vec<Outcome<String, Error>>>,
        _: SerdesPlace<'_>,
    ) -> Result<String, BoxError> {
        let values: Vec<&str> = value.values().map(String::as_str).collect();
        Ok(format!("OPSERDE:{}", values.join(",")))
    }

    fn deserialize(
        &self,
        text: &str,
        _: SerdesPlace<'_>,
    ) -> Result<BatchResult<Vec<Outcome<String, Error>>>, BoxError> {
        let values = text.strip_prefix("OPSERDE:").ok_or("not mine")?.split(',');
        Ok(BatchResult::of_values(values.map(str::to_owned)))
    }
}

#[step]
async fn text(value: &str) -> Result<String> {
    Ok(value.to_owned())
}

/// What stands on the wire as the end of the operation.
fn payload(run: &Run, path: &str) -> String {
    let operation = &run.operation(path).unwrap().summary().operation;
    let step = operation.step_details.as_ref().and_then(|details| details.result.clone());
    step.or_else(|| operation.context_details.as_ref().and_then(|details| details.result.clone())).unwrap()
}

#[test]
fn live_code_sees_the_value_after_the_round_trip_as_replay_does() {
    #[durable]
    async fn flow(word: String) -> Result<Vec<String>> {
        let step = text(&word).serdes(Upper).await?;
        let child = child!("child", async { text(&word).await }).serdes(Upper).await?;
        let before = format!("{step} {child}");
        sleep(seconds(1)).await?;
        Ok(vec![before, format!("{step} {child}")])
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, "tea").await }).unwrap();
    assert_eq!(run.result::<Vec<String>>().unwrap(), ["TEA TEA", "TEA TEA"]);
    assert_eq!((payload(&run, "flow / text").as_str(), payload(&run, "flow / child").as_str()), ("TEA", "TEA"));
}

#[test]
fn a_batch_has_a_serdes_for_its_items_and_one_for_the_whole() {
    #[durable]
    async fn flow(words: Vec<String>) -> Result<Vec<String>> {
        let items = parallel_map(&words, |word, _| text(word)).item_serdes(Upper).named("items").await?;
        let whole = parallel_map(&words, |word, _| text(word)).serdes(Joined).named("whole").await?;
        sleep(seconds(1)).await?;
        Ok([items, whole].concat())
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &["x", "y"]).await }).unwrap();
    assert_eq!(run.result::<Vec<String>>().unwrap(), ["X", "Y", "x", "y"]);
    assert_eq!(payload(&run, "flow / items / item-0"), "X");
    assert_eq!(payload(&run, "flow / whole"), "OPSERDE:x,y");
}

#[test]
fn a_conditions_state_survives_by_its_serdes() {
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        #[step]
        async fn append(state: String) -> Result<String> {
            Ok(state + "x")
        }
        wait_for_condition(String::new(), append).every(seconds(1)).serdes(Upper).until(|state| state.len() >= 2).await
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &()).await }).unwrap();
    // The second check begins with what the serdes gave back.
    assert_eq!(run.result::<String>().unwrap(), "XX");
}

#[test]
fn an_invoked_function_gets_what_the_serdes_wrote() {
    #[durable]
    async fn echo(word: String) -> Result<String> {
        Ok(word)
    }
    struct Quoted;
    impl Serdes<String> for Quoted {
        fn serialize(&self, value: &String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
            Ok(serde_json::to_string(&value.to_uppercase())?)
        }
        fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<String, BoxError> {
            Ok(serde_json::from_str(text)?)
        }
    }
    #[durable]
    async fn flow(word: String) -> Result<String> {
        Ok(invoke_with::<String, _>("echo", &word, &Quoted).await?)
    }
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("echo", echo);
        runner.run("flow", flow, "tea").await
    })
    .unwrap();
    assert_eq!(run.result::<String>().unwrap(), "TEA");
}

#[durable]
async fn large(bytes: usize) -> Result<usize> {
    let first = record!("large", async { Ok("x".repeat(bytes)) }).await?;
    let inner = child!("inner", async {
        let small = text("../../escape").await?;
        Ok(small.repeat(bytes / 4))
    })
    .await?;
    sleep(seconds(1)).await?;
    Ok(first.len() + inner.len())
}

#[test]
fn what_is_too_large_for_the_wire_goes_into_files_and_comes_back() {
    let base = std::env::temp_dir().join(format!("durable-overflow-{}", std::process::id()));
    let codec = FileOverflow::new(&base);
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.run("large", move |bytes: usize| large(bytes).codec(codec.clone()), &3_000_000).await
    })
    .unwrap();
    assert_eq!(run.result::<usize>().unwrap(), 3_000_000 + 12 * 750_000);
    for path in ["large / large", "large / inner"] {
        assert!(payload(&run, path).starts_with("file:"), "{path}");
        assert_eq!(run.operation(path).unwrap().status(), OperationStatus::Succeeded);
    }
    // Everything lies two hashes deep, whatever names and values there are.
    let executions: Vec<_> = std::fs::read_dir(&base).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(executions.len(), 1);
    let files = std::fs::read_dir(&executions[0]).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|name| name.len() == 37 && name.ends_with(".json")), "{names:?}");
    std::fs::remove_dir_all(&base).unwrap();
}

#[test]
fn a_recorded_name_that_leads_out_of_the_directory_is_refused() {
    use durable_runtime::Codec;
    struct Stolen;
    impl Codec for Stolen {
        fn encode(&self, _: String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
            Ok("file:../../etc/passwd".to_owned())
        }
        fn decode(&self, text: String, place: SerdesPlace<'_>) -> Result<String, BoxError> {
            FileOverflow::new("nowhere").decode(text, place)
        }
    }
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        let value = text("a").await?;
        sleep(seconds(1)).await?;
        Ok(value)
    }
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("flow", |(): ()| flow(()).codec(Stolen));
        let input = durable_runtime::engine::StartOptions { timeout: Some(seconds(60)), ..Default::default() };
        let arn = runner.engine().start("flow", "null", input).await?.arn;
        runner.finish(&arn).await
    })
    .unwrap();
    let errors: Vec<String> = run
        .history()
        .iter()
        .filter_map(|event| event.details.error.as_ref())
        .map(|error| error.payload.clone().unwrap_or_default().to_string())
        .collect();
    assert!(errors.iter().any(|error| error.contains("no file of an overflow directory")), "{errors:?}");
}

#[durable]
async fn secretive(failures: Arc<AtomicUsize>) -> Result<String> {
    #[step(retry = fixed(max_attempts = 2, delay = "1s"))]
    async fn secret(failures: &AtomicUsize) -> Result<String> {
        if failures.fetch_add(1, Ordering::SeqCst) == 0 {
            Err("the password is swordfish")?;
        }
        Ok("swordfish".to_owned())
    }
    let word = secret(&failures).await?;
    let lost: Result<u32> = child!("lost", async { Err("swordfish was lost")? }).await;
    let (number, id) = (random_value::<u64>().await?, new_uuid().await?);
    let begun = current_time().await?;
    sleep_until(begun).await?;
    sleep(seconds(1)).await?;
    // Replayed now, each through the key that it was recorded with.
    let secrets = [number.to_string(), id.to_string()];
    assert!(current_time().await? > begun, "{secrets:?}");
    Ok(format!("{word} {}", lost.unwrap_err()))
}

#[test]
fn nothing_recorded_can_be_read_without_the_key() {
    let failures = Arc::new(AtomicUsize::new(0));
    let codec = Encrypting::new("2026-11", [3; 32]).also_reads("2026-10", [4; 32]);
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        let handler = move |(): ()| secretive(failures.clone()).codec(codec.clone());
        runner.run("flow", handler, &()).await
    })
    .unwrap();
    assert_eq!(run.result::<String>().unwrap(), "swordfish swordfish was lost");
    for update in run.exchanges().iter().flat_map(|exchange| &exchange.updates) {
        let seen = serde_json::to_string(update).unwrap();
        assert!(!seen.contains("swordfish"), "{seen}");
        assert!(update.action == Action::Start || seen.contains("enc1:2026-11:"), "{seen}");
    }
}

#[test]
fn an_encrypted_text_opens_only_with_its_key_and_in_its_place() {
    use durable_runtime::Codec;
    struct Both(Encrypting, Encrypting);
    impl Codec for Both {
        fn encode(&self, text: String, place: SerdesPlace<'_>) -> Result<String, BoxError> {
            let sealed = self.0.encode(text.clone(), place)?;
            assert_eq!(self.0.decode(sealed.clone(), place)?, text);
            assert!(self.1.decode(sealed.clone(), place).is_err(), "another key of the same name");
            let cut = sealed[..sealed.len() - 4].to_owned();
            assert!(self.0.decode(cut, place).is_err(), "cut short");
            assert!(self.0.decode(text, place).is_err(), "not encrypted");
            Ok(sealed)
        }
        fn decode(&self, text: String, place: SerdesPlace<'_>) -> Result<String, BoxError> {
            self.0.decode(text, place)
        }
    }
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        text("plain").await
    }
    let handler = |(): ()| flow(()).codec(Both(Encrypting::new("k", [1; 32]), Encrypting::new("k", [2; 32])));
    let run = virtual_time(async { Runner::new().await?.run("flow", handler, &()).await }).unwrap();
    assert_eq!(run.result::<String>().unwrap(), "plain");
}
