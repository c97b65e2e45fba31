//! The functions of the conformance requirements as an ordinary program: `conformance-functions start --function 1-1
//! '"World"'`.

use durable_runtime::BoxError;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tests::conformance::logs::layer().install(tracing::Level::INFO)?;
    tests::conformance::functions::app().run().await
}
