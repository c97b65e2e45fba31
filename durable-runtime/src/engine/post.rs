//! The owner's side of the inbox: looks for requests of other processes and does what they ask.

use std::sync::{Arc, Weak};

use super::demand::Demand;
use super::error::EngineError;
use super::shared::Shared;
use super::store;

/// Looks again and again until the engine is gone.
pub(crate) async fn watch(shared: Weak<Shared>) {
    while let Some(strong) = shared.upgrade() {
        // A request that cannot be read is no reason to look at no other.
        if look(&strong).await.is_err() && strong.check_up().is_err() {
            return;
        }
        let (clock, interval) = (strong.options.clock.clone(), strong.options.inbox_interval);
        drop(strong);
        clock.sleep_until(clock.now().plus(interval)).await;
    }
}

/// Does everything that is asked for now.
pub(crate) async fn look(shared: &Arc<Shared>) -> Result<(), EngineError> {
    let _answering = shared.post.lock().await;
    for (key, request) in shared.store.read(store::inbox_requests).await? {
        let outcome = match Demand::read(request) {
            Ok(demand) => demand.apply(shared).await,
            Err(unknown) => Err(unknown),
        };
        // Whoever owns the store next answers what this engine could not.
        shared.check_up()?;
        let outcome = outcome.err().map_or_else(String::new, |error| error.to_string());
        shared.store.write(move |connection| store::answer_inbox(connection, key, &outcome)).await?;
    }
    Ok(())
}
