//! The payment gateway: an HTTP service on loopback, with its own books. Fails now and then, declines test cards, and
//! takes each `Idempotency-Key` once. Knows nothing of who calls it.
//!
//! `POST /charges {"reference", "card", "cents"}` and `POST /refunds {"charge"}`, both with `Idempotency-Key`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, Posting};
use super::payments::PaymentsError;

/// One key in this many finds the gateway down on its first try.
const DOWN_ONCE_IN: u64 = 3;

/// Test cards that are declined, and why: numbers that card schemes reserve for it.
const DECLINED_CARDS: [(&str, &str); 3] = [
    ("4000000000000002", "the bank refused it"),
    ("4000000000009995", "insufficient funds"),
    ("4000000000000069", "the card has expired"),
];

/// A charge to make.
#[derive(Clone, Serialize, Deserialize)]
pub struct ChargeRequest {
    /// What it is for.
    pub reference: String,
    /// The card's number, without spaces.
    pub card: String,
    /// How much.
    pub cents: u64,
}

/// A charge to give back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The charge's id.
    pub charge: String,
}

/// Why the gateway refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// The reason, for people.
    pub reason: String,
}

type Books = Arc<Mutex<Ledger>>;

/// Starts the gateway on a free port of loopback and returns its address. It serves until the process ends.
///
/// # Errors
/// When the ledger cannot be opened or no port is free.
pub async fn start(ledger: PathBuf) -> Result<SocketAddr, PaymentsError> {
    let open = tokio::task::spawn_blocking(move || Ledger::open(&ledger)).await;
    let failed = |error: &dyn std::error::Error| PaymentsError(error.to_string());
    let books = open.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let routes = Router::new()
        .route("/charges", post(charge))
        .route("/refunds", post(refund))
        .with_state(Arc::new(Mutex::new(books)));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

/// A hash that is the same in every process and version: the gateway's moods must repeat.
#[must_use]
pub fn stable_hash(text: &str) -> u64 {
    // FNV-1a, with a final mix because neighbouring keys differ in their last letter only.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 20
}

/// Whether every key's first try finds the gateway down, as the environment variable `SHOP_GATEWAY=busy` asks.
fn is_always_busy() -> bool {
    std::env::var("SHOP_GATEWAY").is_ok_and(|value| value == "busy")
}

/// Whether the first try of `key` finds the gateway down.
#[must_use]
pub fn is_down_once(key: &str) -> bool {
    stable_hash(key).is_multiple_of(DOWN_ONCE_IN)
}

async fn charge(State(books): State<Books>, headers: HeaderMap, Json(request): Json<ChargeRequest>) -> Response {
    with_key(&headers, books, move |ledger, key| {
        if let Some((_, reason)) = DECLINED_CARDS.iter().find(|(number, _)| request.card == *number) {
            return Ok(refusal(StatusCode::PAYMENT_REQUIRED, *reason));
        }
        let card = request.card.get(request.card.len().saturating_sub(4)..).unwrap_or_default();
        let posting = Posting { reference: &request.reference, card, cents: request.cents };
        Ok(Json(ledger.charge(key, posting)?).into_response())
    })
    .await
}

async fn refund(State(books): State<Books>, headers: HeaderMap, Json(request): Json<RefundRequest>) -> Response {
    with_key(&headers, books, move |ledger, _| {
        Ok(match ledger.refund(&request.charge)? {
            Some(charge) => Json(charge).into_response(),
            None => refusal(StatusCode::NOT_FOUND, format!("there is no charge `{}`", request.charge)),
        })
    })
    .await
}

/// What both routes share: the key is required and counted, bad days are had, and the books are used off the task.
async fn with_key(
    headers: &HeaderMap,
    books: Books,
    work: impl FnOnce(&mut Ledger, &str) -> io::Result<Response> + Send + 'static,
) -> Response {
    let Some(key) = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned) else {
        return refusal(StatusCode::BAD_REQUEST, "the header `Idempotency-Key` is missing");
    };
    let done = tokio::task::spawn_blocking(move || {
        let mut ledger = books.lock().unwrap_or_else(PoisonError::into_inner);
        let first = ledger.count_try(&key)? == 1;
        if first && (is_down_once(&key) || is_always_busy()) {
            return Ok(refusal(StatusCode::SERVICE_UNAVAILABLE, "the gateway is busy: try again"));
        }
        work(&mut ledger, &key)
    })
    .await;
    match done {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn refusal(status: StatusCode, reason: impl Into<String>) -> Response {
    (status, Json(Refusal { reason: reason.into() })).into_response()
}
