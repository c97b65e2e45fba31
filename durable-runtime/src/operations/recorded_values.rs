//! `current_time`, `random_value`, `new_uuid`: what a durable function must not ask the machine for.
//!
//! Recorded as steps by their SUCCEED alone; none ever waits for an acknowledgement.

use std::marker::PhantomData;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::builder::naming;
use super::outcome;
use crate::core::{Claim, Context, Name, Spec};
use crate::error::{Error, FailureKind, StepFailure};
use crate::operation::Operation;
use crate::serdes;
use crate::wire::{Action, OperationType, OperationUpdate, SubType, Timestamp};

/// Runs or replays a value that costs nothing to make.
async fn recorded<T: Serialize + DeserializeOwned>(
    cx: &Context,
    name: &Name,
    make: impl FnOnce() -> Result<T, StepFailure> + Send,
) -> Result<T, Error> {
    let spec = Spec { operation_type: OperationType::Step, sub_type: SubType::STEP, name: name.as_str() };
    if let Err(refused) = name.validate() {
        return Err(outcome::refuse(cx, refused).await);
    }
    let Claim { id, recorded } = cx.claim(&spec).await;
    if let Some(record) = recorded {
        let text = record.step_details.and_then(|details| details.result);
        return Ok(outcome::value(cx, &id, &spec, text.as_deref()).await);
    }
    let (text, value) = serdes::round_trip(&make()?)?;
    let payload = Some(cx.seal(&id, text));
    cx.complete(OperationUpdate { payload, ..cx.update(id, &spec, Action::Succeed) }).await;
    Ok(value)
}

/// The time, recorded. Made by [`current_time`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
#[derive(Debug)]
pub struct CurrentTime {
    name: Name,
}

/// The time now, to the millisecond, the same again on every replay.
pub fn current_time() -> CurrentTime {
    CurrentTime { name: Name::default_of("current_time") }
}

naming!(impl [] CurrentTime);

impl Operation for CurrentTime {
    type Output = Result<SystemTime, Error>;

    async fn run(self, cx: &Context) -> Result<SystemTime, Error> {
        let millis = recorded(cx, &self.name, || Ok(Timestamp::from(crate::core::now(cx)).as_millis())).await?;
        Ok(Timestamp::from_millis(millis).into())
    }
}

/// A random value, recorded. Made by [`random_value`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
#[derive(Debug)]
pub struct RandomValue<T> {
    name: Name,
    kind: PhantomData<fn() -> T>,
}

/// A random value from the operating system, the same again on every replay. Integers over their whole range,
/// `f64` from 0 to below 1, `bool` fair.
pub fn random_value<T: RandomKind>() -> RandomValue<T> {
    RandomValue { name: Name::default_of("random_value"), kind: PhantomData }
}

naming!(impl [T] RandomValue<T>);

impl<T: RandomKind> Operation for RandomValue<T> {
    type Output = Result<T, Error>;

    async fn run(self, cx: &Context) -> Result<T, Error> {
        recorded(cx, &self.name, || Ok(T::from_bits(random_bits()?))).await
    }
}

/// The types that [`random_value`] can give.
pub trait RandomKind: Serialize + DeserializeOwned + Send {
    #[doc(hidden)]
    fn from_bits(bits: u64) -> Self;
}

impl RandomKind for u64 {
    fn from_bits(bits: u64) -> Self {
        bits
    }
}

impl RandomKind for u32 {
    #[allow(clippy::cast_possible_truncation)]
    fn from_bits(bits: u64) -> Self {
        (bits >> 32) as Self
    }
}

impl RandomKind for f64 {
    #[allow(clippy::cast_precision_loss)]
    fn from_bits(bits: u64) -> Self {
        (bits >> 11) as Self / (1_u64 << 53) as Self
    }
}

impl RandomKind for bool {
    fn from_bits(bits: u64) -> Self {
        bits & 1 == 1
    }
}

/// A UUID, recorded. Made by [`new_uuid`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
#[derive(Debug)]
pub struct NewUuid {
    name: Name,
}

/// A random UUID (version 4), the same again on every replay.
pub fn new_uuid() -> NewUuid {
    NewUuid { name: Name::default_of("new_uuid") }
}

naming!(impl [] NewUuid);

impl Operation for NewUuid {
    type Output = Result<Uuid, Error>;

    async fn run(self, cx: &Context) -> Result<Uuid, Error> {
        recorded(cx, &self.name, || {
            let (high, low) = (u128::from(random_bits()?), u128::from(random_bits()?));
            Ok(uuid::Builder::from_random_bytes((high << 64 | low).to_be_bytes()).into_uuid())
        })
        .await
    }
}

fn random_bits() -> Result<u64, StepFailure> {
    getrandom::u64().map_err(|cause| {
        StepFailure::new(FailureKind::SettingRefused, format!("the operating system gives no random bytes: {cause}"))
    })
}
