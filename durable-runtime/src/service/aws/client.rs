//! The SDK's client, made of the environment that AWS Lambda gives its functions. Knows no call.

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Builder, Region};
use aws_sdk_lambda::{Client, Config};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::credentials;

const CONNECT: Duration = Duration::from_secs(5);
/// A checkpoint answers at once. A request that took this long is lost.
const READ: Duration = Duration::from_secs(50);
/// Tries of one request. A failed one costs a whole invocation, with every body that was under way.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A client of the environment's. What is missing there is said by the first call that needs it.
pub(super) fn from_environment() -> Client {
    Client::from_conf(config_from_environment().build())
}

/// Its settings.
pub(super) fn config_from_environment() -> Builder {
    configured(Config::builder(), &|name| std::env::var(name).ok())
}

/// Settings from the variables of `environment`. Empty ones count as unset.
fn configured(config: Builder, environment: &dyn Fn(&str) -> Option<String>) -> Builder {
    let first = |names: &[&str]| names.iter().find_map(|name| environment(name).filter(|value| !value.is_empty()));
    let is_on = |name: &str| first(&[name]).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut config = config
        .region(first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).map(Region::new))
        .credentials_provider(credentials::from(environment))
        .http_client(
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
        )
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(READ).build())
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(FIRST_PAUSE))
        .use_fips(is_on("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_on("AWS_USE_DUALSTACK_ENDPOINT"));
    if !is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        config.set_endpoint_url(first(&["AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL"]));
    }
    config
}

#[cfg(test)]
mod tests {
    use super::{Config, configured};

    fn region(variables: &[(&str, &str)]) -> Option<String> {
        let environment = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
        configured(Config::builder(), &environment).build().region().map(|region| region.as_ref().to_owned())
    }

    #[test]
    fn the_region_is_lambdas_or_the_default_and_an_empty_variable_is_unset() {
        assert_eq!(region(&[("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "x")]).as_deref(), Some("eu-west-1"));
        assert_eq!(region(&[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "us-east-2")]).as_deref(), Some("us-east-2"));
        assert_eq!(region(&[]), None);
    }
}
