//! The payment gateway's books, in a SQLite file: what was charged, what was refunded, how often each key was tried.
//! Knows nothing of HTTP.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS tries (key TEXT PRIMARY KEY, count INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS charges (
        id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, reference TEXT NOT NULL, card TEXT NOT NULL,
        cents INTEGER NOT NULL, refunded INTEGER NOT NULL DEFAULT 0);
";

/// A charge as the books hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The gateway's id for it.
    pub id: String,
    /// What the merchant charged for: an order's id.
    pub reference: String,
    /// The card's last four digits.
    pub card: String,
    /// How much.
    pub cents: u64,
    /// Whether it was given back.
    pub refunded: bool,
}

/// What to charge.
#[derive(Clone, Copy, Debug)]
pub struct Posting<'a> {
    /// What the merchant charges for.
    pub reference: &'a str,
    /// The card's last four digits.
    pub card: &'a str,
    /// How much.
    pub cents: u64,
}

/// The books.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
}

impl Ledger {
    /// Opens the books, making the file if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or is no ledger.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// Counts a try of `key` and returns its number, from 1.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn count_try(&mut self, key: &str) -> rusqlite::Result<u32> {
        let sql = "INSERT INTO tries VALUES (?1, 1) ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count";
        self.connection.query_row(sql, [key], |row| row.get(0))
    }

    /// Charges once for `key`: a key that has charged before returns that charge.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn charge(&mut self, key: &str, posting: Posting<'_>) -> rusqlite::Result<Charge> {
        let Posting { reference, card, cents } = posting;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(made) = find(&transaction, "key", key)? {
            return Ok(made);
        }
        let count = "SELECT COUNT(*) FROM charges WHERE reference = ?1";
        let earlier: u32 = transaction.query_row(count, [reference], |row| row.get(0))?;
        let id = if earlier == 0 { format!("ch-{reference}") } else { format!("ch-{reference}-{}", earlier + 1) };
        transaction.execute(
            "INSERT INTO charges (id, key, reference, card, cents) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, key, reference, card, cents],
        )?;
        transaction.commit()?;
        Ok(Charge { id, reference: reference.to_owned(), card: card.to_owned(), cents, refunded: false })
    }

    /// Gives a charge back, once however often it is asked. `None` when there is no such charge.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn refund(&mut self, id: &str) -> rusqlite::Result<Option<Charge>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("UPDATE charges SET refunded = 1 WHERE id = ?1", [id])?;
        let charge = find(&transaction, "id", id)?;
        transaction.commit()?;
        Ok(charge)
    }

    /// Every charge, in the order they were made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn charges(&self) -> rusqlite::Result<Vec<Charge>> {
        let sql = "SELECT id, reference, card, cents, refunded FROM charges ORDER BY rowid";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], read)?;
        rows.collect()
    }
}

fn find(transaction: &Transaction<'_>, column: &str, value: &str) -> rusqlite::Result<Option<Charge>> {
    let sql = format!("SELECT id, reference, card, cents, refunded FROM charges WHERE {column} = ?1");
    transaction.query_row(&sql, [value], read).optional()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Charge> {
    Ok(Charge { id: row.get(0)?, reference: row.get(1)?, card: row.get(2)?, cents: row.get(3)?, refunded: row.get(4)? })
}
