//! A book that survives: a file of what happened, a line of JSON each, which processes append to in turn. What the book
//! says is what its lines add up to. Knows nothing of what they mean.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What the lines add up to.
pub trait Book: Default {
    /// One line: something that happened.
    type Entry: Serialize + DeserializeOwned;

    /// Takes in what happened next.
    fn enter(&mut self, entry: Self::Entry);
}

/// A book and its file.
#[derive(Debug)]
pub struct Journal<B> {
    file: File,
    /// Bytes of the file that the book has taken in.
    read: u64,
    book: B,
}

impl<B: Book> Journal<B> {
    /// Opens the file, making it if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file, read: 0, book: B::default() })
    }

    /// Shows the book to `decide`, and writes down what it says has happened. No other process gets between the two, and
    /// what was written is on the disk when this returns.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds something else than such a book.
    pub fn transact<T>(&mut self, decide: impl FnOnce(&B) -> (T, Option<B::Entry>)) -> io::Result<T> {
        self.file.lock()?;
        let done = self.catch_up().and_then(|()| {
            let (value, entry) = decide(&self.book);
            entry.map_or(Ok(()), |entry| self.append(entry))?;
            Ok(value)
        });
        self.file.unlock()?;
        done
    }

    /// Takes in what others have written.
    fn catch_up(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut news = String::new();
        self.file.read_to_string(&mut news)?;
        for line in news.split_inclusive('\n') {
            if !line.ends_with('\n') {
                // Who wrote it died over it, and never said that it happened.
                return self.file.set_len(self.read);
            }
            self.book.enter(serde_json::from_str(line)?);
            self.read += line.len() as u64;
        }
        Ok(())
    }

    fn append(&mut self, entry: B::Entry) -> io::Result<()> {
        let mut line = serde_json::to_string(&entry)?;
        line.push('\n');
        self.file.seek(SeekFrom::Start(self.read))?;
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()?;
        self.read += line.len() as u64;
        self.book.enter(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Sum(u32);

    impl Book for Sum {
        type Entry = u32;

        fn enter(&mut self, entry: u32) {
            self.0 += entry;
        }
    }

    fn add(journal: &mut Journal<Sum>, number: u32) -> u32 {
        journal.transact(|sum| (sum.0 + number, Some(number))).unwrap()
    }

    fn fresh(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("journal-{name}-{}.jsonl", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    #[test]
    fn what_one_writes_the_other_reads_before_it_decides() {
        let path = fresh("two");
        let (mut one, mut other) = (Journal::open(&path).unwrap(), Journal::open(&path).unwrap());
        assert_eq!((add(&mut one, 1), add(&mut other, 2), add(&mut one, 4)), (1, 3, 7));
        assert_eq!(add(&mut Journal::open(&path).unwrap(), 0), 7);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_line_whose_writer_died_over_it_never_happened() {
        let path = fresh("torn");
        add(&mut Journal::open(&path).unwrap(), 1);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"10").unwrap();
        assert_eq!(add(&mut Journal::open(&path).unwrap(), 2), 3);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n2\n");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn another_file_is_refused_and_left_alone() {
        let path = fresh("other");
        std::fs::write(&path, "SQLite format 3\n").unwrap();
        assert!(Journal::<Sum>::open(&path).unwrap().transact(|_| ((), Some(1))).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "SQLite format 3\n");
        std::fs::remove_file(path).unwrap();
    }
}
