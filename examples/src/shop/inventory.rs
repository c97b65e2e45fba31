//! The stock, in a SQLite file. A reservation is made under a key; asking again with the key gives the same
//! reservation and takes nothing. An owner's reservations are released together. Knows nothing of orders.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

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

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, available INTEGER NOT NULL CHECK (available >= 0));
    CREATE TABLE IF NOT EXISTS reservations (
        key TEXT PRIMARY KEY, owner TEXT NOT NULL, sku TEXT NOT NULL REFERENCES stock, quantity INTEGER NOT NULL,
        released INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX IF NOT EXISTS reservations_by_owner ON reservations (owner);
";

/// The stock. Cheap to clone; calls from anywhere are serialised.
#[derive(Clone, Debug)]
pub struct Inventory {
    connection: Arc<Mutex<Connection>>,
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
    Database(String),
}

impl fmt::Display for InventoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfStock { sku, wanted, available } => {
                write!(f, "`{sku}` is out of stock: {wanted} wanted, {available} available")
            }
            Self::UnknownArticle(sku) => write!(f, "the shop does not sell `{sku}`"),
            Self::KeyReused(key) => write!(f, "the key `{key}` was used for another reservation"),
            Self::Database(text) => write!(f, "the inventory file: {text}"),
        }
    }
}

impl std::error::Error for InventoryError {}

impl InventoryError {
    /// Whether trying again may help: the file may be busy, an article does not come back by asking.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Database(_))
    }
}

impl From<rusqlite::Error> for InventoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
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

impl Inventory {
    /// Opens the inventory, making the file with its opening stock if there is none.
    ///
    /// # Errors
    /// [`InventoryError::Database`] when the file cannot be opened or is no inventory.
    pub async fn open(path: PathBuf) -> Result<Self, InventoryError> {
        blocking(move || {
            let mut connection = Connection::open(path)?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(SCHEMA)?;
            for (sku, available) in OPENING_STOCK {
                transaction.execute("INSERT OR IGNORE INTO stock VALUES (?1, ?2)", params![sku, available])?;
            }
            transaction.commit()?;
            Ok(Self { connection: Arc::new(Mutex::new(connection)) })
        })
        .await
    }

    /// Reserves what `wanted` says under its key. A key that already reserved it takes nothing again.
    ///
    /// # Errors
    /// Not enough stock, an unknown article, a key used for something else, or the file.
    pub async fn reserve(&self, wanted: Reservation) -> Result<Reservation, InventoryError> {
        self.transact(move |transaction| {
            if let Some(made) = find(transaction, &wanted.key)? {
                return if made == wanted { Ok(made) } else { Err(InventoryError::KeyReused(wanted.key)) };
            }
            let available: u32 = transaction
                .query_row("SELECT available FROM stock WHERE sku = ?1", [&wanted.sku], |row| row.get(0))
                .optional()?
                .ok_or_else(|| InventoryError::UnknownArticle(wanted.sku.clone()))?;
            if available < wanted.quantity {
                let Reservation { sku, quantity: wanted, .. } = wanted;
                return Err(InventoryError::OutOfStock { sku, wanted, available });
            }
            let taken = params![wanted.sku, wanted.quantity];
            transaction.execute("UPDATE stock SET available = available - ?2 WHERE sku = ?1", taken)?;
            transaction.execute(
                "INSERT INTO reservations (key, owner, sku, quantity) VALUES (?1, ?2, ?3, ?4)",
                params![wanted.key, wanted.owner, wanted.sku, wanted.quantity],
            )?;
            Ok(wanted)
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
        self.transact(move |transaction| {
            transaction.execute(
                "UPDATE stock SET available = available + reserved.quantity FROM (SELECT sku, SUM(quantity) AS quantity
                 FROM reservations WHERE owner = ?1 AND released = 0 GROUP BY sku) AS reserved
                 WHERE stock.sku = reserved.sku",
                [&owner],
            )?;
            Ok(transaction
                .execute("UPDATE reservations SET released = 1 WHERE owner = ?1 AND released = 0", [&owner])?)
        })
        .await
    }

    /// Every article's stock, in the order of their names.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn levels(&self) -> Result<Vec<StockLevel>, InventoryError> {
        self.transact(|transaction| {
            let mut statement = transaction.prepare("SELECT sku, available FROM stock ORDER BY sku")?;
            let rows = statement.query_map([], |row| Ok(StockLevel { sku: row.get(0)?, available: row.get(1)? }))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Runs `work` in one transaction, kept only if it succeeds.
    async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, InventoryError> + Send + 'static,
    ) -> Result<T, InventoryError> {
        let connection = Arc::clone(&self.connection);
        blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }
}

/// The reservation under a key.
fn find(transaction: &rusqlite::Transaction<'_>, key: &str) -> rusqlite::Result<Option<Reservation>> {
    let sql = "SELECT key, owner, sku, quantity FROM reservations WHERE key = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Reservation { key: row.get(0)?, owner: row.get(1)?, sku: row.get(2)?, quantity: row.get(3)? })
    };
    transaction.query_row(sql, [key], read).optional()
}

/// Runs database work off the task, so that it stalls no other branch.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InventoryError> + Send + 'static,
) -> Result<T, InventoryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(InventoryError::Database(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn available(inventory: &Inventory, sku: &str) -> u32 {
        inventory.levels().await.unwrap().into_iter().find(|level| level.sku == sku).unwrap().available
    }

    async fn fresh() -> Inventory {
        Inventory::open(":memory:".into()).await.unwrap()
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
        let path = std::env::temp_dir().join(format!("inventory-{}.db", std::process::id()));
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
