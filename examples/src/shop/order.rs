//! An order as customers send it: JSON that is checked once, on the way in. Knows nothing of stock or payments.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// An amount of money in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Money(pub u64);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// The largest total in cents: what no card would pay anyway.
const LARGEST_TOTAL: u64 = 100_000_000_000;

/// A valid order: it has an id, at least one item, a card that can be asked, and a total that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OrderForm", into = "OrderForm")]
pub struct Order {
    /// The shop's own number for it.
    pub id: String,
    /// Who ordered.
    pub customer: String,
    /// Where it goes.
    pub address: Address,
    /// What pays for it.
    pub card: Card,
    /// What was ordered, each article once.
    pub items: Vec<Item>,
    /// The sum over the items.
    pub total: Money,
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    pub street: String,
    /// The city.
    pub city: String,
    /// Two letters, such as `FR`.
    pub country: String,
}

/// A payment card.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// 12 to 19 digits, spaces allowed.
    pub number: String,
    /// The name on it.
    pub holder: String,
}

impl Card {
    /// The last four digits: all of a card number that may be shown.
    #[must_use]
    pub fn last_four(&self) -> String {
        let digits = self.digits();
        digits.get(digits.len().saturating_sub(4)..).unwrap_or_default().to_owned()
    }

    /// The number without spaces.
    #[must_use]
    pub fn digits(&self) -> String {
        self.number.chars().filter(|letter| !letter.is_whitespace()).collect()
    }
}

/// Shows the last four digits only: orders end up in logs.
impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card(…{})", self.last_four())
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The article.
    pub sku: String,
    /// How many, at least 1.
    pub quantity: u32,
    /// What one costs.
    pub price_cents: u64,
}

/// An order as it is written, before it is checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderForm {
    id: String,
    customer: String,
    address: Address,
    card: Card,
    items: Vec<Item>,
}

/// What is wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// A text that must not be empty is.
    Empty(&'static str),
    /// There is nothing to ship.
    NoItems,
    /// An item asks for none.
    NoQuantity(String),
    /// Two lines name the same article, which would be reserved as two.
    RepeatedItem(String),
    /// The sum is larger than any card would pay.
    TotalTooLarge,
    /// The card's number cannot be one.
    CardNumber,
    /// The country is not two capital letters.
    Country(String),
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(member) => write!(f, "`{member}` is empty: fill it in"),
            Self::NoItems => f.write_str("`items` is empty: add at least one item"),
            Self::NoQuantity(sku) => write!(f, "item `{sku}` has quantity 0: leave the line out or ask for at least 1"),
            Self::RepeatedItem(sku) => write!(f, "item `{sku}` is listed twice: put its quantities into one line"),
            Self::TotalTooLarge => f.write_str("the total is too large to charge: split the order"),
            Self::CardNumber => f.write_str("`card.number` must be 12 to 19 digits, with or without spaces"),
            Self::Country(given) => {
                write!(f, "`address.country` is `{given}`: write it as two capital letters, such as `FR`")
            }
        }
    }
}

impl std::error::Error for OrderError {}

impl TryFrom<OrderForm> for Order {
    type Error = OrderError;

    fn try_from(form: OrderForm) -> Result<Self, OrderError> {
        let OrderForm { id, customer, address, card, items } = form;
        let texts = [("id", &id), ("customer", &customer), ("address.street", &address.street)];
        if let Some((member, _)) = texts.into_iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(OrderError::Empty(member));
        }
        if address.country.len() != 2 || !address.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(OrderError::Country(address.country));
        }
        let digits = card.digits();
        if !(12..=19).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(OrderError::CardNumber);
        }
        let total = Money(check_items(&items)?);
        Ok(Self { id, customer, address, card, items, total })
    }
}

/// Checks the lines and returns their sum in cents.
fn check_items(items: &[Item]) -> Result<u64, OrderError> {
    if items.is_empty() {
        return Err(OrderError::NoItems);
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut total = 0_u64;
    for item in items {
        if item.sku.trim().is_empty() {
            return Err(OrderError::Empty("sku"));
        }
        if item.quantity == 0 {
            return Err(OrderError::NoQuantity(item.sku.clone()));
        }
        if !seen.insert(&item.sku) {
            return Err(OrderError::RepeatedItem(item.sku.clone()));
        }
        let line = item.price_cents.checked_mul(u64::from(item.quantity));
        let sum = line.and_then(|line| total.checked_add(line)).filter(|sum| *sum <= LARGEST_TOTAL);
        total = sum.ok_or(OrderError::TotalTooLarge)?;
    }
    Ok(total)
}

impl From<Order> for OrderForm {
    fn from(order: Order) -> Self {
        let Order { id, customer, address, card, items, total: _ } = order;
        Self { id, customer, address, card, items }
    }
}

/// Reads an order from a file.
///
/// # Errors
/// Says the file, the place in it and what to do about it.
pub fn read(path: &Path) -> Result<Order, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: cannot read the order: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{shown}: not a valid order: {error}; mend it and try again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEA: &str = include_str!("../../orders/tea.json");

    fn with(change: impl FnOnce(&mut serde_json::Value)) -> Result<Order, String> {
        let mut value: serde_json::Value = serde_json::from_str(TEA).unwrap();
        change(&mut value);
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn every_bundled_order_is_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("orders");
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() >= 5);
        for file in files {
            read(&file).unwrap();
        }
    }

    #[test]
    fn the_total_is_the_sum_of_the_lines() {
        let order: Order = serde_json::from_str(TEA).unwrap();
        assert_eq!(order.total, Money(2 * 1290 + 1850 + 4900));
        assert_eq!(order.total.to_string(), "93.30");
    }

    #[test]
    fn an_order_survives_being_written_and_read_again() {
        let order: Order = serde_json::from_str(TEA).unwrap();
        assert_eq!(serde_json::from_str::<Order>(&serde_json::to_string(&order).unwrap()).unwrap(), order);
    }

    #[test]
    fn each_defect_of_an_order_is_named() {
        let refused = |change: fn(&mut serde_json::Value)| with(change).unwrap_err();
        assert!(refused(|order| order["items"] = serde_json::json!([])).contains("`items` is empty"));
        assert!(refused(|order| order["items"][1]["quantity"] = 0.into()).contains("`tea-sencha` has quantity 0"));
        assert!(refused(|order| order["items"][1]["sku"] = "tea-assam".into()).contains("listed twice"));
        assert!(refused(|order| order["items"][0]["price_cents"] = u64::MAX.into()).contains("split the order"));
        assert!(refused(|order| order["card"]["number"] = "4242 x".into()).contains("12 to 19 digits"));
        assert!(refused(|order| order["address"]["country"] = "France".into()).contains("two capital letters"));
        assert!(refused(|order| order["id"] = " ".into()).contains("`id` is empty"));
        assert!(refused(|order| order["gift"] = true.into()).contains("unknown field `gift`"));
    }

    #[test]
    fn a_file_that_is_no_order_is_reported_with_its_place() {
        let path = std::env::temp_dir().join(format!("order-{}.json", std::process::id()));
        std::fs::write(&path, "{\n  \"id\": \"order-1\",\n  oops\n}").unwrap();
        let error = read(&path).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains("line 3 column 3"), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
    }

    #[test]
    fn a_card_never_shows_its_number() {
        let order: Order = serde_json::from_str(TEA).unwrap();
        assert!(!format!("{order:?}").contains("4242 4242"));
    }
}
