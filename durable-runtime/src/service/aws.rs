//! The service itself: its two calls by way of the AWS SDK. Knows nothing of invocations, nor of what is checkpointed.

mod client;
mod credentials;
mod from_service;
mod to_service;

use std::sync::OnceLock;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use super::{DurableService, ServiceError};
use crate::clock::BoxFuture;
use crate::wire::{CheckpointRequest, CheckpointResponse, StatePage, StateRequest};

/// AWS Lambda's durable executions.
///
/// Without a client of the caller's, one is made of the environment at the first call, so that a cold start pays for
/// neither credentials nor certificates: region from `AWS_REGION`, credentials as Lambda gives them
/// (`AWS_ACCESS_KEY_ID` and its companions, or `AWS_CONTAINER_CREDENTIALS_FULL_URI`), the endpoint from
/// `AWS_ENDPOINT_URL_LAMBDA` or `AWS_ENDPOINT_URL`. It connects within 5 s, reads within 50 s, and tries a request that
/// was throttled or lost up to 5 times.
#[derive(Debug, Default)]
pub struct AwsService {
    client: OnceLock<Client>,
}

impl AwsService {
    /// The service by way of a client of the environment's.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::default()
    }

    /// The settings of the client that is made of the environment, for a client that differs in a few of them: other
    /// credentials, a proxy. The SDK is built without an HTTP client of its own; these settings have one.
    ///
    /// ```
    /// use durable_runtime::aws_sdk_lambda::{Client, config::Credentials};
    /// use durable_runtime::service::AwsService;
    ///
    /// let credentials = Credentials::new("AKID", "secret", None, None, "from a file");
    /// let config = AwsService::config_from_environment().credentials_provider(credentials).build();
    /// let service = AwsService::new(Client::from_conf(config));
    /// ```
    #[must_use]
    pub fn config_from_environment() -> Builder {
        client::config_from_environment()
    }

    /// The service by way of the caller's client, with whatever configuration it has.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client: client.into() }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(client::from_environment)
    }
}

impl DurableService for AwsService {
    fn checkpoint(&self, request: CheckpointRequest) -> BoxFuture<'_, Result<CheckpointResponse, ServiceError>> {
        Box::pin(async move {
            let updates = request.updates.into_iter().map(to_service::update).collect::<Result<Vec<_>, _>>();
            let updates = updates.map_err(|error| ServiceError::invalid_parameter(error.to_string()))?;
            // Without a client token of the caller's the SDK makes one up for each call, and sends it with every try.
            let sent = self.client().checkpoint_durable_execution();
            let sent = sent
                .durable_execution_arn(request.durable_execution_arn)
                .checkpoint_token(request.checkpoint_token)
                .set_client_token(request.client_token)
                .set_updates(Some(updates));
            from_service::checkpoint(sent.send().await.map_err(failed)?)
        })
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, Result<StatePage, ServiceError>> {
        Box::pin(async move {
            let sent = self.client().get_durable_execution_state();
            let sent = sent
                .durable_execution_arn(request.durable_execution_arn)
                .checkpoint_token(request.checkpoint_token)
                .marker(request.marker)
                .max_items(i32::try_from(request.max_items).unwrap_or(i32::MAX));
            let page = sent.send().await.map_err(failed)?;
            from_service::page(page.operations, page.next_marker)
        })
    }
}

/// What the SDK's failure says, after its own tries.
fn failed<E>(error: SdkError<E>) -> ServiceError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().map(str::to_owned);
    // The sources say what happened: "connection refused" rather than "dispatch failure".
    let message = error.message().map_or_else(|| DisplayErrorContext(&error).to_string(), str::to_owned);
    ServiceError { code: code.unwrap_or_default(), message, status }
}
