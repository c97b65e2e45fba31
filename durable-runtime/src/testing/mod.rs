//! What users test durable functions with: the embedded engine in virtual time, with everything that it was asked.
//!
//! ```
//! use durable_runtime::prelude::*;
//! use durable_runtime::testing::{Runner, virtual_time};
//!
//! # mod flows {
//! # use durable_runtime::prelude::*;
//! # pub fn reminded(user: String) -> impl Operation<Output = Result<String>> {
//! #     durable_runtime::Child::function("remind", async move |cx: durable_runtime::Context| -> Result<String> {
//! #         sleep(days(30)).run(&cx).await?;
//! #         Ok(format!("dear {user}"))
//! #     })
//! # }
//! # }
//! # use flows::reminded;
//! let run = virtual_time(async {
//!     let runner = Runner::new().await?;
//!     runner.run("remind", reminded, &"Ada").await
//! })?;
//! assert_eq!(run.result::<String>()?, "dear Ada");
//! assert_eq!(run.requests(), 1);
//! # Ok::<(), BoxError>(())
//! ```

mod recording;
mod run;
mod runner;
mod virtual_clock;

pub use recording::Exchange;
pub use run::{Run, RunOperation};
pub use runner::{Runner, virtual_time};
pub use virtual_clock::VirtualClock;
