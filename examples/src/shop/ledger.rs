//! The payment gateway's books, in a file: what was charged, what was refunded, how often each key was tried. Knows
//! nothing of HTTP.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::journal::{Book, Journal};

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

/// What happens to the books.
#[derive(Debug, Serialize, Deserialize)]
pub enum Entry {
    /// A key was tried.
    Tried(String),
    /// A key charged.
    Charged(String, Charge),
    /// The charge of this id was given back.
    Refunded(String),
}

#[derive(Debug, Default)]
struct Books {
    tries: HashMap<String, u32>,
    /// Every charge with its key, in the order they were made.
    charges: Vec<(String, Charge)>,
}

impl Book for Books {
    type Entry = Entry;

    fn enter(&mut self, entry: Entry) {
        match entry {
            Entry::Tried(key) => *self.tries.entry(key).or_default() += 1,
            Entry::Charged(key, charge) => self.charges.push((key, charge)),
            Entry::Refunded(id) => {
                let of_id = self.charges.iter_mut().filter(|(_, charge)| charge.id == id);
                of_id.for_each(|(_, charge)| charge.refunded = true);
            }
        }
    }
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
pub struct Ledger(Journal<Books>);

impl Ledger {
    /// Opens the books, making the file if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Journal::open(path).map(Self)
    }

    /// Counts a try of `key` and returns its number, from 1.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn count_try(&mut self, key: &str) -> io::Result<u32> {
        self.0.transact(|books| {
            let tries = books.tries.get(key).copied().unwrap_or_default() + 1;
            (tries, Some(Entry::Tried(key.to_owned())))
        })
    }

    /// Charges once for `key`: a key that has charged before returns that charge.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn charge(&mut self, key: &str, posting: Posting<'_>) -> io::Result<Charge> {
        let Posting { reference, card, cents } = posting;
        self.0.transact(|books| {
            if let Some((_, made)) = books.charges.iter().find(|(known, _)| known == key) {
                return (made.clone(), None);
            }
            let earlier = books.charges.iter().filter(|(_, charge)| charge.reference == reference).count();
            let id = if earlier == 0 { format!("ch-{reference}") } else { format!("ch-{reference}-{}", earlier + 1) };
            let charge = Charge { id, reference: reference.to_owned(), card: card.to_owned(), cents, refunded: false };
            (charge.clone(), Some(Entry::Charged(key.to_owned(), charge)))
        })
    }

    /// Gives a charge back, once however often it is asked. `None` when there is no such charge.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn refund(&mut self, id: &str) -> io::Result<Option<Charge>> {
        self.0.transact(|books| match books.charges.iter().find(|(_, charge)| charge.id == id) {
            None => (None, None),
            Some((_, charge)) => {
                let entry = (!charge.refunded).then(|| Entry::Refunded(id.to_owned()));
                (Some(Charge { refunded: true, ..charge.clone() }), entry)
            }
        })
    }

    /// Every charge, in the order they were made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn charges(&mut self) -> io::Result<Vec<Charge>> {
        self.0.transact(|books| (books.charges.iter().map(|(_, charge)| charge.clone()).collect(), None))
    }
}
