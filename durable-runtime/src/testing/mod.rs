//! What users test durable functions with: the embedded engine in virtual time, with everything that it was asked.
//!
//! ```
//! use durable_runtime::prelude::*;
//! use durable_runtime::testing::{Runner, virtual_time};
//!
//! #[step]
//! async fn mail(user: &str) -> Result<String> {
//!     Ok(format!("dear {user}"))
//! }
//!
//! #[durable]
//! async fn remind(user: String) -> Result<String> {
//!     sleep(days(30)).await?; // takes no time here
//!     mail(&user).await
//! }
//!
//! # fn main() -> Result<(), BoxError> {
//! let run = virtual_time(async {
//!     let runner = Runner::new().await?;
//!     runner.run("remind", remind, &"Ada").await
//! })?;
//! assert_eq!(run.result::<String>()?, "dear Ada");
//! assert_eq!(run.operation("remind / mail").map(|mail| mail.attempts()), Some(1));
//! assert_eq!(run.requests(), 2);
//! # Ok(())
//! # }
//! ```

mod recording;
mod run;
mod runner;
mod virtual_clock;

pub use recording::Exchange;
pub use run::{Run, RunOperation};
pub use runner::{Runner, virtual_time};
pub use virtual_clock::VirtualClock;
