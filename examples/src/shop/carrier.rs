//! The carrier: quotes, pickups and labels. A stand-in that computes its answers from the order, so that two runs of
//! one order can be compared; only the countries it serves can refuse.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::order::{Address, Money};

/// What shipping to an address costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The service that was quoted.
    pub service: String,
    /// Its price.
    pub price: Money,
}

/// A parcel's label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The service on it.
    pub service: String,
    /// What it costs.
    pub postage: Money,
}

impl Label {
    /// What the shop takes for an address that the carrier has not quoted in time.
    #[must_use]
    pub fn flat_rate() -> Self {
        Self { service: "flat".to_owned(), postage: Money(1_990) }
    }
}

impl From<Quote> for Label {
    fn from(quote: Quote) -> Self {
        Self { service: quote.service, postage: quote.price }
    }
}

/// A pickup that was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pickup {
    /// The carrier's number for it.
    pub number: String,
}

/// The carrier does not go there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotServed {
    /// The country.
    pub country: String,
}

impl fmt::Display for NotServed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the carrier does not serve `{}`", self.country)
    }
}

impl std::error::Error for NotServed {}

/// The carrier has to ask its partner in the country first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoQuoteYet {
    /// The country.
    pub country: String,
}

impl fmt::Display for NoQuoteYet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the carrier has no quote for `{}` yet: ask again later", self.country)
    }
}

impl std::error::Error for NoQuoteYet {}

/// Quotes the way to an address. Whether a pickup is possible is known only when it is booked.
///
/// # Errors
/// When the carrier has no quote yet. Its partners take long: for some countries it is so whenever it is asked.
pub async fn fetch_quote(address: &Address) -> Result<Quote, NoQuoteYet> {
    // A real carrier takes a while: the await lets other branches go on meanwhile.
    tokio::task::yield_now().await;
    let (service, cents) = match address.country.as_str() {
        "BE" | "CH" | "DE" | "ES" | "FR" | "IT" | "LU" => ("ground", 690),
        "TR" => return Err(NoQuoteYet { country: address.country.clone() }),
        _ => ("air", 2_490),
    };
    Ok(Quote { service: service.to_owned(), price: Money(cents) })
}

/// Books a pickup for an order.
///
/// # Errors
/// When the carrier does not serve the address.
pub async fn book_pickup(order: &str, address: &Address) -> Result<Pickup, NotServed> {
    tokio::task::yield_now().await;
    match address.country.as_str() {
        "AQ" => Err(NotServed { country: address.country.clone() }),
        _ => Ok(Pickup { number: format!("PU-{order}") }),
    }
}

/// The tracking number of an order's parcel: two letters, nine digits, a country, as on international mail.
#[must_use]
pub fn tracking_number(order: &str, service: &str) -> String {
    let digits = super::gateway::stable_hash(order) % 1_000_000_000;
    let letters = if service == "air" { "RA" } else { "RG" };
    format!("{letters}{digits:09}FR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_one_tracking_number() {
        assert_eq!(tracking_number("order-1", "air"), tracking_number("order-1", "air"));
        assert_ne!(tracking_number("order-1", "air"), tracking_number("order-2", "air"));
        assert_eq!(tracking_number("order-1", "ground").len(), 13);
    }
}
