//! The functions of the conformance requirements as an ordinary program: `conformance-functions start --function 1-1
//! '"World"'`. With `CONFORMANCE_ID` it has only the function of that requirement, which is how it is deployed to AWS
//! Lambda and to whatever plays it.

use durable_runtime::{App, BoxError};
use tests::conformance::{functions, logs};

/// Names the requirement.
const ID: &str = "CONFORMANCE_ID";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    logs::layer().install(tracing::Level::INFO)?;
    let Ok(id) = std::env::var(ID) else { return functions::app().run().await };
    if id == functions::targets::PLAIN && std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return serve_plain().await;
    }
    let app = functions::app();
    let function = app.functions().find(|(name, _)| *name == id).map(|(_, function)| function);
    let function = function.ok_or_else(|| format!("{ID} is `{id}`, and no function is registered under it"))?;
    App::new().register_function(id, function).run().await
}

/// The target that is no durable function gives back what it gets.
#[cfg(feature = "aws")]
async fn serve_plain() -> Result<(), BoxError> {
    use lambda_runtime::{LambdaEvent, service_fn};
    use serde_json::Value;

    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async { Ok::<_, BoxError>(event.payload) })).await
}

#[cfg(not(feature = "aws"))]
async fn serve_plain() -> Result<(), BoxError> {
    Err("this build cannot serve AWS Lambda: build it with `--features aws`".into())
}
