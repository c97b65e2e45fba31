//! A small shop with real side effects: stock in a file, payments over HTTP, a carrier. All of it is idempotent
//! by a key that the caller chooses, which is what makes a step safe to run again.

pub mod carrier;
pub mod gateway;
pub mod inventory;
pub mod journal;
pub mod ledger;
pub mod order;
pub mod payments;
#[cfg(feature = "engine")]
pub mod reviewer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio::sync::OnceCell;

use inventory::{Inventory, InventoryError};
use payments::{Payments, PaymentsError};

/// The shop's parts, opened on first use: a command that only looks at a store starts no gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shop {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    files: ShopFiles,
    inventory: OnceCell<Inventory>,
    payments: OnceCell<Payments>,
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    reviewer: OnceLock<()>,
}

/// Where the shop keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopFiles {
    /// The stock and its reservations.
    pub inventory: PathBuf,
    /// The payment gateway's ledger.
    pub payments: PathBuf,
}

impl ShopFiles {
    /// Beside a store: `X.db` gives `X.inventory.jsonl` and `X.payments.jsonl`. The environment variables `SHOP_INVENTORY`
    /// and `SHOP_PAYMENTS` name other files.
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        let file = |variable: &str, kind: &str| {
            std::env::var_os(variable).map_or_else(|| store.with_extension(format!("{kind}.jsonl")), PathBuf::from)
        };
        Self { inventory: file("SHOP_INVENTORY", "inventory"), payments: file("SHOP_PAYMENTS", "payments") }
    }
}

impl Shop {
    /// A shop over `files`. Opens none of them yet.
    #[must_use]
    pub fn new(files: ShopFiles) -> Self {
        let (inventory, payments, reviewer) = (OnceCell::new(), OnceCell::new(), OnceLock::new());
        Self { shared: Arc::new(Shared { files, inventory, payments, reviewer }) }
    }

    /// Has the built-in reviewer answer the store's approvals, if the environment asks for it. The first call starts it.
    #[cfg(feature = "engine")]
    pub fn review(&self, store: &Path) {
        self.shared.reviewer.get_or_init(|| {
            if let Some(decision) = reviewer::Decision::from_environment() {
                tokio::spawn(reviewer::review(store.to_owned(), decision));
            }
        });
    }

    /// Away from the engine there is no store to review.
    #[cfg(not(feature = "engine"))]
    pub fn review(&self, _store: &Path) {}

    /// The stock.
    ///
    /// # Errors
    /// When the inventory file cannot be opened.
    pub async fn inventory(&self) -> Result<&Inventory, InventoryError> {
        let open = || Inventory::open(self.shared.files.inventory.clone());
        self.shared.inventory.get_or_try_init(open).await
    }

    /// The payment gateway's client; the first call starts the gateway on loopback.
    ///
    /// # Errors
    /// When the ledger cannot be opened or loopback refuses a port.
    pub async fn payments(&self) -> Result<&Payments, PaymentsError> {
        let start = || async {
            let address = gateway::start(self.shared.files.payments.clone()).await?;
            Ok(Payments::new(address))
        };
        self.shared.payments.get_or_try_init(start).await
    }
}
