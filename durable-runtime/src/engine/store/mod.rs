//! The SQLite file behind the engine: one owner, one writer, many readers. Knows rows, not rules.

mod fence;
mod inbox;
mod lock;
mod pages;
mod queries;
mod reader;
mod rows;
mod schema;
mod writer;

pub use reader::Reader;

pub(crate) use inbox::{Asked, Request};
pub(crate) use lock::real_path;
pub(crate) use pages::{history_page, knows_function, list_page};
pub(crate) use queries::{
    Unfinished, describe, find, history, inbox_requests, list, load, load_bare, open_callback, operations, unfinished,
};
pub(crate) use rows::{Creation, answer_inbox, create, write};
pub(crate) use writer::Store;
