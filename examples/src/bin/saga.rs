//! A saga: what was booked is undone in reverse order when a later booking fails. The list of what to undo is an
//! ordinary `Vec`: replay rebuilds it, so it needs no storage of its own.

use durable_runtime::App;
use durable_runtime::prelude::*;
use examples::program::{self, ran};
use serde::{Deserialize, Serialize};

const TRIP: &str = r#"{ "bookings": ["flight", "hotel", "opera"], "sold_out": ["opera"] }"#;

#[derive(Debug, Serialize, Deserialize)]
struct Trip {
    bookings: Vec<String>,
    /// What cannot be booked, to see the saga at work.
    sold_out: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    booked: Vec<String>,
    undone: Vec<String>,
}

#[step(retry = none)]
async fn book(what: &str, trip: &Trip) -> Result<String> {
    ran();
    if trip.sold_out.iter().any(|sold_out| sold_out == what) {
        return Err(Error::new("SoldOut", format!("the {what} is sold out")));
    }
    Ok(format!("{what}-1"))
}

#[step]
async fn cancel(booking: &str) -> Result<String> {
    ran();
    Ok(format!("{booking} cancelled"))
}

#[durable]
async fn saga(trip: Trip) -> Result<Outcome> {
    let mut booked = Vec::new();
    for what in &trip.bookings {
        match book(what, &trip).key(what).await {
            Ok(booking) => booked.push(booking),
            Err(_) => {
                let mut undone = Vec::new();
                for booking in booked.iter().rev() {
                    undone.push(cancel(booking).key(booking).await?);
                }
                return Ok(Outcome { booked: Vec::new(), undone });
            }
        }
    }
    Ok(Outcome { booked, undone: Vec::new() })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    program::run(App::new().register("saga", saga), TRIP).await
}
