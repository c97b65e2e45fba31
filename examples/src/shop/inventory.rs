//! The stock, in a file. A reservation is made under a key; asking again with the key gives the same
//! reservation and takes nothing. An owner's reservations are released together. Knows nothing of orders.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, io};

use serde::{Deserialize, Serialize};

use super::journal::{Book, Journal};

/// What a new inventory holds.
const OPENING_STOCK: [(&str, u32); 10] = [
    ("cup-blue", 5_000),
    ("cup-white", 5_000),
    ("pot-blue", 1_000),
    ("pot-iron", 1_000),
    ("spoon-oak", 5_000),
    ("tea-assam", 10_000),
    ("tea-oolong", 10_000),
    ("tea-rooibos", 10_000),
    ("tea-sencha", 10_000),
    ("tin-small", 5_000),
];

/// What happens to the stock.
#[derive(Debug, Serialize, Deserialize)]
pub enum Entry {
    /// Some was set aside.
    Reserved(Reservation),
    /// Everything that this owner had set aside was put back.
    Released(String),
}

#[derive(Debug)]
struct Stock {
    available: BTreeMap<String, u32>,
    /// By their keys, with whether they still hold.
    reservations: HashMap<String, (Reservation, bool)>,
}

impl Default for Stock {
    fn default() -> Self {
        let available = OPENING_STOCK.into_iter().map(|(sku, available)| (sku.to_owned(), available)).collect();
        Self { available, reservations: HashMap::new() }
    }
}

impl Stock {
    fn levels(&self) -> Vec<StockLevel> {
        self.available.iter().map(|(sku, available)| StockLevel { sku: sku.clone(), available: *available }).collect()
    }
}

impl Book for Stock {
    type Entry = Entry;

    fn enter(&mut self, entry: Entry) {
        match entry {
            Entry::Reserved(made) => {
                self.available.entry(made.sku.clone()).and_modify(|available| *available -= made.quantity);
                self.reservations.insert(made.key.clone(), (made, true));
            }
            Entry::Released(owner) => {
                let of_owner = self.reservations.values_mut().filter(|(made, holds)| *holds && made.owner == owner);
                for (made, holds) in of_owner {
                    *holds = false;
                    self.available.entry(made.sku.clone()).and_modify(|available| *available += made.quantity);
                }
            }
        }
    }
}

/// The stock. Cheap to clone; calls from anywhere are serialised.
#[derive(Clone, Debug)]
pub struct Inventory {
    journal: Arc<Mutex<Journal<Stock>>>,
}

/// Stock set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The key that it was made under.
    pub key: String,
    /// Whose it is.
    pub owner: String,
    /// The article.
    pub sku: String,
    /// How many.
    pub quantity: u32,
}

/// Why stock could not be reserved or released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InventoryError {
    /// There is not enough of it.
    OutOfStock {
        /// The article.
        sku: String,
        /// How many were asked for.
        wanted: u32,
        /// How many there are.
        available: u32,
    },
    /// The shop does not sell it.
    UnknownArticle(String),
    /// The key was used before, for something else.
    KeyReused(String),
    /// The file could not be opened, read or written.
    File(String),
}

impl fmt::Display for InventoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfStock { sku, wanted, available } => {
                write!(f, "`{sku}` is out of stock: {wanted} wanted, {available} available")
            }
            Self::UnknownArticle(sku) => write!(f, "the shop does not sell `{sku}`"),
            Self::KeyReused(key) => write!(f, "the key `{key}` was used for another reservation"),
            Self::File(text) => write!(f, "the inventory file: {text}"),
        }
    }
}

impl std::error::Error for InventoryError {}

impl InventoryError {
    /// Whether trying again may help: the file may be busy, an article does not come back by asking.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

impl From<io::Error> for InventoryError {
    fn from(error: io::Error) -> Self {
        Self::File(error.to_string())
    }
}

/// One article's stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// The article.
    pub sku: String,
    /// How many can be reserved.
    pub available: u32,
}

/// What a new inventory holds, article by article.
#[must_use]
pub fn opening_stock() -> Vec<StockLevel> {
    Stock::default().levels()
}

impl Inventory {
    /// Opens the inventory, making the file with its opening stock if there is none.
    ///
    /// # Errors
    /// [`InventoryError::File`] when the file cannot be opened.
    pub async fn open(path: PathBuf) -> Result<Self, InventoryError> {
        blocking(move || Ok(Self { journal: Arc::new(Mutex::new(Journal::open(&path)?)) })).await
    }

    /// Reserves what `wanted` says under its key. A key that already reserved it takes nothing again.
    ///
    /// # Errors
    /// Not enough stock, an unknown article, a key used for something else, or the file.
    pub async fn reserve(&self, wanted: Reservation) -> Result<Reservation, InventoryError> {
        self.transact(move |stock| {
            if let Some((made, _)) = stock.reservations.get(&wanted.key) {
                let again = if *made == wanted { Ok(wanted) } else { Err(InventoryError::KeyReused(wanted.key)) };
                return (again, None);
            }
            let Some(&available) = stock.available.get(&wanted.sku) else {
                return (Err(InventoryError::UnknownArticle(wanted.sku)), None);
            };
            if available < wanted.quantity {
                let Reservation { sku, quantity: wanted, .. } = wanted;
                return (Err(InventoryError::OutOfStock { sku, wanted, available }), None);
            }
            (Ok(wanted.clone()), Some(Entry::Reserved(wanted)))
        })
        .await
    }

    /// Puts back everything that `owner` reserved, and says how many reservations those were. Asked again it puts
    /// back nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn release(&self, owner: &str) -> Result<usize, InventoryError> {
        let owner = owner.to_owned();
        self.transact(move |stock| {
            let of_owner = |(made, holds): &&(Reservation, bool)| *holds && made.owner == owner;
            let held = stock.reservations.values().filter(of_owner).count();
            (Ok(held), (held > 0).then_some(Entry::Released(owner)))
        })
        .await
    }

    /// Every article's stock, in the order of their names.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn levels(&self) -> Result<Vec<StockLevel>, InventoryError> {
        self.transact(|stock| (Ok(stock.levels()), None)).await
    }

    async fn transact<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&Stock) -> (Result<T, InventoryError>, Option<Entry>) + Send + 'static,
    ) -> Result<T, InventoryError> {
        let journal = Arc::clone(&self.journal);
        blocking(move || journal.lock().unwrap_or_else(PoisonError::into_inner).transact(decide)?).await
    }
}

/// Runs work on the file off the task, so that it stalls no other branch.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InventoryError> + Send + 'static,
) -> Result<T, InventoryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(InventoryError::File(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    async fn available(inventory: &Inventory, sku: &str) -> u32 {
        inventory.levels().await.unwrap().into_iter().find(|level| level.sku == sku).unwrap().available
    }

    /// A new inventory, whose file is gone from its folder and lives as long as it is open.
    async fn fresh() -> Inventory {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("inventory-{}-{}.jsonl", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let inventory = Inventory::open(path.clone()).await.unwrap();
        std::fs::remove_file(path).unwrap();
        inventory
    }

    fn wanted(key: &str, sku: &str, quantity: u32) -> Reservation {
        Reservation { key: key.to_owned(), owner: "order-1".to_owned(), sku: sku.to_owned(), quantity }
    }

    #[tokio::test]
    async fn a_repeated_key_gives_the_same_reservation_and_takes_nothing() {
        let inventory = fresh().await;
        let first = inventory.reserve(wanted("key-1", "tea-assam", 3)).await.unwrap();
        let again = inventory.reserve(wanted("key-1", "tea-assam", 3)).await.unwrap();
        assert_eq!(first, again);
        assert_eq!(available(&inventory, "tea-assam").await, 9_997);
    }

    #[tokio::test]
    async fn a_key_cannot_be_used_for_something_else() {
        let inventory = fresh().await;
        inventory.reserve(wanted("key-1", "tea-assam", 3)).await.unwrap();
        let error = inventory.reserve(wanted("key-1", "tea-assam", 4)).await.unwrap_err();
        assert_eq!(error, InventoryError::KeyReused("key-1".into()));
        assert_eq!(available(&inventory, "tea-assam").await, 9_997);
    }

    #[tokio::test]
    async fn what_an_owner_reserved_is_put_back_once_however_often_it_is_asked() {
        let inventory = fresh().await;
        inventory.reserve(wanted("key-1", "pot-iron", 2)).await.unwrap();
        inventory.reserve(wanted("key-2", "pot-iron", 3)).await.unwrap();
        let of_another = Reservation { owner: "order-2".into(), ..wanted("key-3", "pot-iron", 10) };
        inventory.reserve(of_another).await.unwrap();
        assert_eq!(inventory.release("order-1").await.unwrap(), 2);
        assert_eq!(inventory.release("order-1").await.unwrap(), 0);
        assert_eq!(available(&inventory, "pot-iron").await, 990);
    }

    #[tokio::test]
    async fn what_is_not_there_is_refused_and_nothing_is_taken() {
        let inventory = fresh().await;
        let error = inventory.reserve(wanted("key-1", "pot-iron", 1_001)).await.unwrap_err();
        assert_eq!(error.to_string(), "`pot-iron` is out of stock: 1001 wanted, 1000 available");
        let error = inventory.reserve(wanted("key-2", "sofa", 1)).await.unwrap_err();
        assert_eq!(error, InventoryError::UnknownArticle("sofa".into()));
        assert_eq!(available(&inventory, "pot-iron").await, 1_000);
    }

    #[tokio::test]
    async fn the_stock_survives_closing_the_file() {
        let path = std::env::temp_dir().join(format!("inventory-{}.jsonl", std::process::id()));
        let inventory = Inventory::open(path.clone()).await.unwrap();
        inventory.reserve(wanted("key-1", "cup-blue", 7)).await.unwrap();
        drop(inventory);
        let inventory = Inventory::open(path.clone()).await.unwrap();
        inventory.reserve(wanted("key-1", "cup-blue", 7)).await.unwrap();
        assert_eq!(available(&inventory, "cup-blue").await, 4_993);
        drop(inventory);
        std::fs::remove_file(path).unwrap();
    }
}
