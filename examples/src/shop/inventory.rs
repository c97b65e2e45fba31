//! The stock, in a SQLite file. A reservation is made under a key; asking again with the key gives the same
//! reservation and takes nothing. Knows nothing of orders.

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
    ("pot-iron", 2),
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
        key TEXT PRIMARY KEY, sku TEXT NOT NULL REFERENCES stock, quantity INTEGER NOT NULL,
        released INTEGER NOT NULL DEFAULT 0);
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
    /// No reservation was made under this key.
    UnknownReservation(String),
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
            Self::UnknownReservation(key) => write!(f, "there is no reservation under the key `{key}`"),
            Self::Database(text) => write!(f, "the inventory file: {text}"),
        }
    }
}

impl std::error::Error for InventoryError {}

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

    /// Reserves `quantity` of `sku` under `key`. A key that already reserved them returns that reservation.
    ///
    /// # Errors
    /// Not enough stock, an unknown article, a key used for something else, or the file.
    pub async fn reserve(&self, key: &str, sku: &str, quantity: u32) -> Result<Reservation, InventoryError> {
        let wanted = Reservation { key: key.to_owned(), sku: sku.to_owned(), quantity };
        self.transact(move |transaction| {
            if let Some((made, _)) = find(transaction, &wanted.key)? {
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
                "INSERT INTO reservations (key, sku, quantity) VALUES (?1, ?2, ?3)",
                params![wanted.key, wanted.sku, wanted.quantity],
            )?;
            Ok(wanted)
        })
        .await
    }

    /// Puts a reservation's stock back. Releasing it again does nothing.
    ///
    /// # Errors
    /// When there is no such reservation, or the file.
    pub async fn release(&self, key: &str) -> Result<(), InventoryError> {
        let key = key.to_owned();
        self.transact(move |transaction| {
            let (made, released) =
                find(transaction, &key)?.ok_or_else(|| InventoryError::UnknownReservation(key.clone()))?;
            if !released {
                let returned = params![made.sku, made.quantity];
                transaction.execute("UPDATE stock SET available = available + ?2 WHERE sku = ?1", returned)?;
                transaction.execute("UPDATE reservations SET released = 1 WHERE key = ?1", [&key])?;
            }
            Ok(())
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

/// The reservation under a key, and whether it was released.
fn find(transaction: &rusqlite::Transaction<'_>, key: &str) -> rusqlite::Result<Option<(Reservation, bool)>> {
    let sql = "SELECT key, sku, quantity, released FROM reservations WHERE key = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok((Reservation { key: row.get(0)?, sku: row.get(1)?, quantity: row.get(2)? }, row.get(3)?))
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

    #[tokio::test]
    async fn a_repeated_key_gives_the_same_reservation_and_takes_nothing() {
        let inventory = fresh().await;
        let first = inventory.reserve("key-1", "tea-assam", 3).await.unwrap();
        let again = inventory.reserve("key-1", "tea-assam", 3).await.unwrap();
        assert_eq!(first, again);
        assert_eq!(available(&inventory, "tea-assam").await, 9_997);
    }

    #[tokio::test]
    async fn a_key_cannot_be_used_for_something_else() {
        let inventory = fresh().await;
        inventory.reserve("key-1", "tea-assam", 3).await.unwrap();
        let error = inventory.reserve("key-1", "tea-assam", 4).await.unwrap_err();
        assert_eq!(error, InventoryError::KeyReused("key-1".into()));
        assert_eq!(available(&inventory, "tea-assam").await, 9_997);
    }

    #[tokio::test]
    async fn a_reservation_is_released_once_however_often_it_is_asked() {
        let inventory = fresh().await;
        inventory.reserve("key-1", "pot-iron", 2).await.unwrap();
        inventory.release("key-1").await.unwrap();
        inventory.release("key-1").await.unwrap();
        assert_eq!(available(&inventory, "pot-iron").await, 2);
        let error = inventory.release("key-2").await.unwrap_err();
        assert_eq!(error, InventoryError::UnknownReservation("key-2".into()));
    }

    #[tokio::test]
    async fn what_is_not_there_is_refused_and_nothing_is_taken() {
        let inventory = fresh().await;
        let error = inventory.reserve("key-1", "pot-iron", 3).await.unwrap_err();
        assert_eq!(error.to_string(), "`pot-iron` is out of stock: 3 wanted, 2 available");
        let error = inventory.reserve("key-2", "sofa", 1).await.unwrap_err();
        assert_eq!(error, InventoryError::UnknownArticle("sofa".into()));
        assert_eq!(available(&inventory, "pot-iron").await, 2);
    }

    #[tokio::test]
    async fn the_stock_survives_closing_the_file() {
        let path = std::env::temp_dir().join(format!("inventory-{}.db", std::process::id()));
        let inventory = Inventory::open(path.clone()).await.unwrap();
        inventory.reserve("key-1", "cup-blue", 7).await.unwrap();
        drop(inventory);
        let inventory = Inventory::open(path.clone()).await.unwrap();
        inventory.reserve("key-1", "cup-blue", 7).await.unwrap();
        assert_eq!(available(&inventory, "cup-blue").await, 4_993);
        drop(inventory);
        std::fs::remove_file(path).unwrap();
    }
}
