//! The payment gateway's client: plain HTTP, and errors that say whether to try again. Knows no retry policy.

use std::fmt;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};

use super::gateway::{ChargeRequest, RefundRequest, Refusal};
use super::ledger::Charge;
use super::order::{Card, Money};

/// Proof of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The gateway's id for the charge.
    pub id: String,
    /// How much was charged.
    pub amount: Money,
}

/// Why a charge or a refund failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChargeError {
    /// The card will not pay. Trying again changes nothing.
    Declined {
        /// The card's last four digits.
        card: String,
        /// The bank's reason.
        reason: String,
    },
    /// The gateway could not be asked, or could not answer. Trying again may help.
    Unavailable(String),
    /// The gateway understood and refused. Trying again changes nothing.
    Refused(String),
}

impl ChargeError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl fmt::Display for ChargeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declined { card, reason } => write!(f, "the card ending in {card} was declined: {reason}"),
            Self::Unavailable(text) => write!(f, "the payment gateway is unavailable: {text}"),
            Self::Refused(text) => write!(f, "the payment gateway refused: {text}"),
        }
    }
}

impl std::error::Error for ChargeError {}

/// The gateway could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentsError(pub String);

impl fmt::Display for PaymentsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the payment gateway did not start: {}", self.0)
    }
}

impl std::error::Error for PaymentsError {}

/// A gateway that does not start can be asked again, like one that does not answer.
impl From<PaymentsError> for ChargeError {
    fn from(error: PaymentsError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A client of the gateway. Keeps its connections.
#[derive(Clone, Debug)]
pub struct Payments {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Payments {
    /// A client of the gateway at `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Charges a card. The same `key` charges once.
    ///
    /// # Errors
    /// [`ChargeError`], typed by what the caller can do about it.
    pub async fn charge(&self, key: &str, order: &str, card: &Card, amount: Money) -> Result<Receipt, ChargeError> {
        let request = ChargeRequest { reference: order.to_owned(), card: card.digits(), cents: amount.0 };
        match self.post("/charges", key, &request).await? {
            Answer::Charge(charge) => Ok(Receipt { id: charge.id, amount: Money(charge.cents) }),
            Answer::Refusal(StatusCode::PAYMENT_REQUIRED, reason) => {
                Err(ChargeError::Declined { card: card.last_four(), reason })
            }
            Answer::Refusal(_, reason) => Err(ChargeError::Refused(reason)),
        }
    }

    /// Gives a payment back. The same payment is given back once.
    ///
    /// # Errors
    /// [`ChargeError`], typed by what the caller can do about it.
    pub async fn refund(&self, key: &str, receipt: &Receipt) -> Result<(), ChargeError> {
        match self.post("/refunds", key, &RefundRequest { charge: receipt.id.clone() }).await? {
            Answer::Charge(_) => Ok(()),
            Answer::Refusal(_, reason) => Err(ChargeError::Refused(reason)),
        }
    }

    async fn post(&self, path: &str, key: &str, body: &impl Serialize) -> Result<Answer, ChargeError> {
        let body = serde_json::to_vec(body).map_err(|error| ChargeError::Refused(error.to_string()))?;
        let request = Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Full::from(body))
            .map_err(|error| ChargeError::Refused(error.to_string()))?;
        let unavailable = |error: &dyn std::error::Error| ChargeError::Unavailable(error.to_string());
        let response = self.client.request(request).await.map_err(|error| unavailable(&error))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| unavailable(&error))?.to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&body).map(Answer::Charge).map_err(|error| unavailable(&error));
        }
        let reason = serde_json::from_slice::<Refusal>(&body)
            .map_or_else(|_| String::from_utf8_lossy(&body).into_owned(), |refusal| refusal.reason);
        if status.is_server_error() {
            return Err(ChargeError::Unavailable(format!("{reason} ({status})")));
        }
        Ok(Answer::Refusal(status, reason))
    }
}

/// An answer that settles the request.
enum Answer {
    Charge(Charge),
    Refusal(StatusCode, String),
}

#[cfg(test)]
mod tests {
    use super::super::gateway::{self, is_down_once};
    use super::super::ledger::Ledger;
    use super::*;

    fn card(number: &str) -> Card {
        Card { number: number.to_owned(), holder: "ADA".to_owned() }
    }

    /// A key whose first try does, or does not, find the gateway down.
    fn key(down_once: bool) -> String {
        (0..).map(|number| format!("key-{number}")).find(|key| is_down_once(key) == down_once).unwrap()
    }

    async fn fresh(name: &str) -> (Payments, std::path::PathBuf) {
        let path = std::env::temp_dir().join(format!("payments-{name}-{}.jsonl", std::process::id()));
        let _ = std::fs::remove_file(&path);
        (Payments::new(gateway::start(path.clone()).await.unwrap()), path)
    }

    fn books(path: &std::path::Path) -> Vec<Charge> {
        let charges = Ledger::open(path).unwrap().charges().unwrap();
        std::fs::remove_file(path).unwrap();
        charges
    }

    #[tokio::test]
    async fn the_same_key_charges_once() {
        let (payments, path) = fresh("once").await;
        let (key, card) = (key(false), card("4242 4242 4242 4242"));
        let first = payments.charge(&key, "order-1", &card, Money(500)).await.unwrap();
        let again = payments.charge(&key, "order-1", &card, Money(500)).await.unwrap();
        assert_eq!(first, again);
        assert_eq!(books(&path).iter().map(|charge| charge.cents).collect::<Vec<_>>(), [500]);
    }

    #[tokio::test]
    async fn a_gateway_that_is_down_answers_the_next_try() {
        let (payments, path) = fresh("down").await;
        let (key, card) = (key(true), card("4242 4242 4242 4242"));
        let error = payments.charge(&key, "order-1", &card, Money(500)).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        payments.charge(&key, "order-1", &card, Money(500)).await.unwrap();
        assert_eq!(books(&path).len(), 1);
    }

    #[tokio::test]
    async fn a_declined_card_is_declined_for_good_and_charges_nothing() {
        let (payments, path) = fresh("declined").await;
        let declined = card("4000 0000 0000 9995");
        let error = payments.charge(&key(false), "order-1", &declined, Money(500)).await.unwrap_err();
        assert!(!error.is_transient());
        assert_eq!(error.to_string(), "the card ending in 9995 was declined: insufficient funds");
        assert_eq!(books(&path), []);
    }

    #[tokio::test]
    async fn a_charge_is_refunded_once_however_often_it_is_asked() {
        let (payments, path) = fresh("refund").await;
        let (key, card) = (key(false), card("4242 4242 4242 4242"));
        let receipt = payments.charge(&key, "order-1", &card, Money(500)).await.unwrap();
        payments.refund(&key, &receipt).await.unwrap();
        payments.refund(&key, &receipt).await.unwrap();
        assert!(books(&path)[0].refunded);
    }

    #[tokio::test]
    async fn a_refund_of_nothing_is_refused() {
        let (payments, path) = fresh("nothing").await;
        let receipt = Receipt { id: "ch-none".to_owned(), amount: Money(1) };
        let error = payments.refund(&key(false), &receipt).await.unwrap_err();
        assert_eq!(error, ChargeError::Refused("there is no charge `ch-none`".to_owned()));
        assert_eq!(books(&path), []);
    }
}
