//! A custom runtime over raw HTTP, without any AWS SDK: what a function process needs to run against a host and a server.

mod http;
mod runtime_api;
mod service;
mod trap;

pub use http::{Http, Response};
pub use runtime_api::{Event, RuntimeApi};
pub use service::HttpService;
pub use trap::{kill_self, trap};
