//! The program that the design begins with: typed errors, borrowing branches, a recorded future, a sub-workflow.
use durable_runtime::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[derive(Clone, Serialize, Deserialize)]
pub struct Order {
    card: String,
    items: Vec<String>,
    address: String,
    total: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum ChargeError {
    Declined { code: u32 },
    Unreachable,
}

impl ChargeError {
    fn is_transient(&self) -> bool {
        matches!(self, ChargeError::Unreachable)
    }
}

impl fmt::Display for ChargeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

impl std::error::Error for ChargeError {}

#[derive(Serialize, Deserialize)]
pub enum Shipped {
    Rejected,
    Sent(String),
}

/// Charges the card.
#[step(retry = exponential(max_attempts = 5, first = "1s"), retry_if = ChargeError::is_transient)]
async fn charge(card: &str, amount: u64) -> Result<u64, ChargeError> {
    if card.is_empty() { Err(ChargeError::Declined { code: 7 }) } else { Ok(amount) }
}

#[step]
async fn reserve(item: &str) -> Result<String> {
    Ok(format!("reserved {item}"))
}

#[step]
async fn refund(receipt: &u64) -> Result<()> {
    let _ = receipt;
    Ok(())
}

async fn fetch_quote(address: &str) -> std::io::Result<u64> {
    Ok(address.len() as u64)
}

#[durable]
async fn ship(order: &Order, label: String) -> Result<String> {
    sleep(Duration::from_secs(2)).await?;
    Ok(format!("{label} to {}", order.address))
}

#[durable]
async fn checkout(order: Order) -> Result<Shipped> {
    let receipt = match charge(&order.card, order.total).await {
        Ok(receipt) => receipt,
        Err(ChargeError::Declined { .. }) => return Ok(Shipped::Rejected),
        Err(error) => return Err(error.into()),
    };
    let (stock, label) = parallel!(
        stock = parallel_map(&order.items, |item, _| reserve(item)).max_concurrency(8),
        label = async {
            sleep(Duration::from_secs(30)).await?;
            let quote = record!(fetch_quote(&order.address)).await?;
            Ok(format!("label for {quote}"))
        },
    )
    .await?;
    if stock.is_empty() {
        refund(&receipt).await?;
        return Ok(Shipped::Rejected);
    }
    Ok(Shipped::Sent(ship(&order, label).named("ship").await?))
}

fn main() {
    fn is_an_operation(_: impl Operation<Output = Result<Shipped>> + Send) {}
    is_an_operation(checkout(Order { card: String::new(), items: Vec::new(), address: String::new(), total: 1 }));
}
