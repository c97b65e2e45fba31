//! Checks an order out: reserves stock, quotes the way, has large orders approved, charges the card, ships; and takes
//! everything back when a later part fails. Kill it at any moment: `checkout resume` goes on where it was.
//!
//! ```text
//! checkout                                          a bundled order
//! checkout start @examples/orders/declined.json     any other
//! checkout show ID                                  what it did
//! checkout start @examples/orders/large.json        one that waits for an approval, and says how to give it:
//! checkout callback ID/approval succeed true        from a second terminal; or `false`, or `fail --message WHY`
//! ```
//!
//! `SHOP_REVIEWER=approve` (or `reject`) has a built-in reviewer answer instead of a person. The stock and the payment
//! gateway's ledger are kept beside the store.

use std::io::Write;

use durable_runtime::App;
use durable_runtime::prelude::*;
use examples::program::{self, key, ran};
use examples::shop::carrier::{Label, NoQuoteYet, NotServed, Pickup, Quote, book_pickup, fetch_quote, tracking_number};
use examples::shop::inventory::{InventoryError, Reservation};
use examples::shop::order::{Address, Item, Money, Order};
use examples::shop::payments::{ChargeError, Receipt};
use examples::shop::{Shop, ShopFiles};
use serde::{Deserialize, Serialize};

const BUNDLED_ORDER: &str = include_str!("../../orders/tea.json");
/// Orders of more than this are charged only with somebody's approval.
const APPROVED_ABOVE: Money = Money(50_000);
/// More than this of one article is counted by hand.
const COUNTED_ABOVE: u32 = 20;

/// What the customer is told. Holds no times and no random values: two runs of one order compare.
#[derive(Debug, Serialize, Deserialize)]
struct Shipment {
    order: String,
    tracking: String,
    service: String,
    items: usize,
    paid: Money,
    payment: String,
}

#[step(retry = exponential(max_attempts = 5, first = "1s"), retry_if = InventoryError::is_transient)]
async fn reserve(shop: &Shop, item: &Item) -> Result<Reservation, InventoryError> {
    ran();
    let Item { sku, quantity, .. } = item.clone();
    shop.inventory().await?.reserve(Reservation { key: key(), owner: owner(), sku, quantity }).await
}

/// Takes back whatever this execution has reserved.
#[step(retry = exponential(max_attempts = 10, first = "1s"))]
async fn release(shop: &Shop) -> Result<usize, InventoryError> {
    ran();
    shop.inventory().await?.release(&owner()).await
}

#[step(retry = exponential(max_attempts = 5, first = "1s"), retry_if = ChargeError::is_transient)]
async fn charge(shop: &Shop, order: &Order) -> Result<Receipt, ChargeError> {
    ran();
    shop.payments().await?.charge(&key(), &order.id, &order.card, order.total).await
}

#[step(retry = exponential(max_attempts = 10, first = "1s"), retry_if = ChargeError::is_transient)]
async fn refund(shop: &Shop, receipt: &Receipt) -> Result<(), ChargeError> {
    ran();
    shop.payments().await?.refund(&key(), receipt).await
}

#[step(retry = none)]
async fn book(order: &Order) -> Result<Pickup, NotServed> {
    ran();
    book_pickup(&order.id, &order.address).await
}

#[step]
async fn print_label(order: &Order, label: &Label) -> Result<String> {
    ran();
    Ok(tracking_number(&order.id, &label.service))
}

/// Hands the order to whoever approves. A real shop would send a mail; here the message says enough.
#[step]
async fn ask_for_approval(callback_id: String, order: &Order) -> Result<()> {
    ran();
    let _ = writeln!(std::io::stderr(), "{} over {} waits for an approval ({callback_id})", order.id, order.total);
    Ok(())
}

/// A sub-workflow: it has a context of its own, so its operations are numbered, shown and replayed together.
#[durable]
async fn set_aside(shop: &Shop, item: &Item) -> Result<Reservation> {
    if item.quantity > COUNTED_ABOVE {
        sleep(seconds(1)).named("count").await?;
    }
    Ok(reserve(shop, item).key(&item.sku).await?)
}

/// A deadline: the quote, or the shop's flat rate when the carrier takes too long. The winner is recorded, so that a
/// replay has the same one.
#[durable]
async fn choose_label(address: &Address) -> Result<Label> {
    race!(
        "quote",
        quoted = record!(quote(address)) => |quote| Label::from(quote),
        late = sleep(seconds(1)) => |()| Label::flat_rate(),
    )
    .await
}

/// Waits, without a process if need be, until somebody approves of the order.
#[durable]
async fn approve(order: &Order) -> Result<()> {
    let approved = wait_for_callback("approval", |id| ask_for_approval(id, order)).timeout(days(3)).await;
    let why = match approved {
        Ok(true) => return Ok(()),
        Ok(false) => "the approval was refused".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Error::new("NotApproved", format!("{why}; nothing was charged and the stock was put back")))
}

#[durable]
async fn ship(order: &Order, label: &Label) -> Result<String> {
    book(order).await?;
    sleep(seconds(1)).named("pickup").await?;
    print_label(order, label).await
}

#[durable]
async fn checkout(shop: Shop, order: Order) -> Result<Shipment> {
    let prepared = parallel!(
        "prepare",
        stock = parallel_map(&order.items, |item, _| set_aside(&shop, item)).max_concurrency(4),
        label = choose_label(&order.address),
        // Time to change one's mind: nothing is charged before.
        pause = sleep(seconds(1)),
    )
    .await;
    let (stock, label) = match prepared {
        Ok((stock, label, ())) => (stock, label),
        Err(error) => {
            release(&shop).await?;
            return Err(error);
        }
    };
    if order.total > APPROVED_ABOVE
        && let Err(refused) = approve(&order).await
    {
        release(&shop).await?;
        return Err(refused);
    }
    let receipt = match charge(&shop, &order).await {
        Ok(receipt) => receipt,
        Err(declined @ ChargeError::Declined { .. }) => {
            release(&shop).await?;
            let advice = "nothing was charged and the stock was put back: order again with another card";
            return Err(Error::new("CardDeclined", format!("{declined}; {advice}")));
        }
        Err(error) => {
            release(&shop).await?;
            return Err(error.into());
        }
    };
    match ship(&order, &label).await {
        Ok(tracking) => Ok(Shipment {
            order: order.id.clone(),
            tracking,
            service: label.service,
            items: stock.len(),
            paid: receipt.amount,
            payment: receipt.id,
        }),
        Err(error) => {
            refund(&shop, &receipt).await?;
            release(&shop).await?;
            Err(error)
        }
    }
}

/// Any future can be recorded where it is called: `record!(quote(..))`. It needs no attribute and no special error.
async fn quote(address: &Address) -> Result<Quote, NoQuoteYet> {
    ran();
    fetch_quote(address).await
}

/// Whose reservations these are: this execution's.
fn owner() -> String {
    Execution::current().map(|execution| execution.arn().to_owned()).unwrap_or_default()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let app = App::new();
    let home = program::home(&app);
    let shop = Shop::new(ShopFiles::beside(&home));
    let app = app.register("checkout", move |order: Order| {
        shop.review(&home);
        checkout(shop.clone(), order)
    });
    program::run(app, BUNDLED_ORDER).await
}
