//! The checkout workflow of the design type-checks as written there, callback parts apart.

use std::fmt;

use durable_runtime::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Card(String);
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Money(u64);
#[derive(Clone, Serialize, Deserialize)]
struct Item(String);
#[derive(Clone, Serialize, Deserialize)]
struct Order {
    card: Card,
    total: Money,
    items: Vec<Item>,
    address: String,
}
#[derive(Serialize, Deserialize)]
struct Receipt(u64);
#[derive(Serialize, Deserialize)]
struct Reservation(String);
#[derive(Serialize, Deserialize)]
struct Label(String);
#[derive(Serialize, Deserialize)]
struct Tracking(String);
#[derive(Serialize, Deserialize)]
enum Shipped {
    Rejected,
    Sent(String, usize),
}

#[derive(Debug, Serialize, Deserialize)]
enum ChargeError {
    Declined { reason: String },
    Busy,
}
impl fmt::Display for ChargeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
impl std::error::Error for ChargeError {}
impl ChargeError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Busy)
    }
}
impl Shipped {
    fn rejected() -> Self {
        Self::Rejected
    }
}
impl From<Tracking> for Shipped {
    fn from(tracking: Tracking) -> Self {
        Self::Sent(tracking.0, 0)
    }
}
impl From<u64> for Label {
    fn from(quote: u64) -> Self {
        Self(quote.to_string())
    }
}

#[step(retry = exponential(max_attempts = 5, first = "1s"), retry_if = ChargeError::is_transient)]
async fn charge(card: &Card, amount: Money) -> Result<Receipt, ChargeError> {
    if card.0.is_empty() { Err(ChargeError::Declined { reason: "no card".into() }) } else { Ok(Receipt(amount.0)) }
}
#[step]
async fn reserve(item: &Item) -> Result<Reservation> {
    Ok(Reservation(item.0.clone()))
}
#[step]
async fn refund(receipt: &Receipt) -> Result<()> {
    let _ = receipt.0;
    Ok(())
}
async fn fetch_quote(address: &str) -> std::io::Result<u64> {
    Ok(address.len() as u64)
}

#[durable]
async fn ship(order: &Order, label: Label) -> Result<Tracking> {
    Ok(Tracking(format!("{}-{}", order.address, label.0)))
}

#[durable]
async fn checkout(order: Order) -> Result<Shipped> {
    let receipt = match charge(&order.card, order.total).await {
        Ok(receipt) => receipt,
        Err(ChargeError::Declined { .. }) => return Ok(Shipped::rejected()),
        Err(error) => return Err(error.into()),
    };
    let (stock, label) = parallel!(
        stock = parallel_map(&order.items, |item, _| reserve(item)).max_concurrency(8),
        label = async {
            sleep(std::time::Duration::from_secs(30)).await?;
            let quote = record!(fetch_quote(&order.address)).await?;
            Ok(Label::from(quote))
        },
    )
    .await?;
    if stock.is_empty() {
        refund(&receipt).await?;
        return Ok(Shipped::rejected());
    }
    Ok(ship(&order, label).named("ship").await?.into())
}

#[test]
fn a_handler_is_a_function_of_its_input_and_can_be_hosted() {
    let _hosted = durable_runtime::handler::function(checkout);
}
