//! Credentials as AWS Lambda gives them to its functions: in variables, or, where a process outlives them (SnapStart,
//! managed instances), at an address on the machine. Knows no other source: for those the caller brings a client.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};
use http_body_util::BodyExt;
use lambda_runtime_api_client::{PooledClient, body::Body};
use serde::Deserialize;

use crate::error::BoxError;
use crate::wire::Timestamp;

/// What the credentials are called in the SDK's logs.
const SOURCE: &str = "the environment of AWS Lambda";
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Who may be asked without TLS: this machine, and the agents of ECS and EKS.
const PLAIN_HOSTS: [&str; 6] = ["localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/// Where the credentials are.
#[derive(Debug)]
pub(super) enum Source {
    Variables(Credentials),
    Address { uri: String, authorization: Option<String> },
    Nowhere,
}

/// Looks for credentials in the variables of `environment`.
pub(super) fn from(environment: &dyn Fn(&str) -> Option<String>) -> Source {
    let variable = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    if let (Some(key), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        return Source::Variables(Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, SOURCE));
    }
    match variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        Some(uri) => Source::Address { uri, authorization: variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") },
        None => Source::Nowhere,
    }
}

impl ProvideCredentials for Source {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        match self {
            Self::Variables(credentials) => future::ProvideCredentials::ready(Ok(credentials.clone())),
            Self::Nowhere => future::ProvideCredentials::ready(Err(CredentialsError::not_loaded(
                "there are no credentials: AWS Lambda sets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; elsewhere set \
                 them, or give the program a client of your own with `App::aws_client`",
            ))),
            Self::Address { uri, authorization } => future::ProvideCredentials::new(ask(uri, authorization.as_deref())),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<Timestamp>,
}

async fn ask(uri: &str, authorization: Option<&str>) -> Result {
    let asked = tokio::time::timeout(ANSWERS_WITHIN, answer(uri, authorization));
    let answer = match asked.await {
        Ok(answer) => answer.map_err(CredentialsError::provider_error)?,
        Err(_) => return Err(CredentialsError::provider_timed_out(ANSWERS_WITHIN)),
    };
    let Answer { access_key_id, secret_access_key, token, expiration } = answer;
    Ok(Credentials::new(access_key_id, secret_access_key, token, expiration.map(Into::into), SOURCE))
}

async fn answer(uri: &str, authorization: Option<&str>) -> std::result::Result<Answer, BoxError> {
    let refused = || format!("AWS_CONTAINER_CREDENTIALS_FULL_URI is `{uri}`: it has to be http on this machine");
    let (host, path) = plain_host(uri).ok_or_else(refused)?;
    let mut request = lambda_runtime_api_client::build_request().uri(path);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    // The Runtime API's client is a plain HTTP/1.1 client, and is in the program already.
    let client = PooledClient::builder().with_endpoint(format!("http://{host}").parse()?).build();
    let response = client.call(request.body(Body::empty())?).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        return Err(format!("{uri} answered {status}").into());
    }
    Ok(serde_json::from_slice(&body)?)
}

/// Splits a URI that may be asked without TLS into its host with port, and its path with query.
fn plain_host(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    PLAIN_HOSTS.contains(&host).then_some((authority, path))
}

#[cfg(test)]
mod tests {
    use aws_credential_types::provider::ProvideCredentials;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::{Source, from, plain_host};

    fn source(variables: &[(&str, &str)]) -> Source {
        from(&|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[tokio::test]
    async fn variables_come_before_an_address() {
        let credentials = source(&[
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "session"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/never"),
        ])
        .provide_credentials()
        .await
        .unwrap();
        assert_eq!((credentials.access_key_id(), credentials.session_token()), ("AKID", Some("session")));
    }

    #[tokio::test]
    async fn an_address_is_asked_with_its_authorization_and_its_credentials_expire() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/v1/credentials?for=x", listener.local_addr().unwrap());
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let body =
                r#"{"AccessKeyId":"AKID","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T00:00:00Z"}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + body).as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let variables =
            [("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in")];
        let credentials = source(&variables).provide_credentials().await.unwrap();
        assert_eq!((credentials.access_key_id(), credentials.session_token()), ("AKID", Some("t")));
        assert!(credentials.expiry().is_some());
        let request = answering.await.unwrap().to_lowercase();
        assert!(request.starts_with("get /v1/credentials?for=x ") && request.contains("authorization: let me in"));
    }

    #[tokio::test]
    async fn without_any_source_the_error_says_what_to_set() {
        let error = source(&[]).provide_credentials().await.unwrap_err();
        let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(text.contains("AWS_ACCESS_KEY_ID") && text.contains("App::aws_client"), "{text}");
    }

    #[test]
    fn only_this_machine_is_asked_without_tls() {
        assert_eq!(plain_host("http://169.254.170.23/v1"), Some(("169.254.170.23", "/v1")));
        assert_eq!(plain_host("http://localhost:8080/a?b"), Some(("localhost:8080", "/a?b")));
        assert_eq!(plain_host("http://[::1]:80/"), Some(("[::1]:80", "/")));
        for refused in
            ["http://example.com/", "http://localhost.example.com/", "ftp://localhost/", "http://x@localhost/"]
        {
            assert_eq!(plain_host(refused), None, "{refused}");
        }
    }
}
