//! The environment of a function process: what AWS Lambda sets, as far as a runtime or an SDK needs it. Starts nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::options::HostOptions;

/// Where a runtime finds the Runtime API.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
/// Any of these is a source of credentials that a made-up one must not hide.
const CREDENTIALS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SHARED_CREDENTIALS_FILE",
];
/// The region when there is none: nothing is sent there.
const REGION: &str = "us-east-1";
const MEMORY_MB: &str = "1024";

/// The variables to set, beside those that are inherited. `own` looks up this process's.
pub(super) fn variables(
    function: &str,
    runtime_api: &str,
    process: u64,
    options: &HostOptions,
    own: impl Fn(&str) -> Option<OsString>,
) -> BTreeMap<String, OsString> {
    let mut set = BTreeMap::new();
    let mut put = |name: &str, value: &str| drop(set.insert(name.to_owned(), OsString::from(value)));
    put("AWS_LAMBDA_FUNCTION_NAME", function);
    put("AWS_LAMBDA_FUNCTION_VERSION", crate::engine::VERSION);
    put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_MB);
    put("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{function}"));
    put("AWS_LAMBDA_LOG_STREAM_NAME", &format!("local/[{}]{process}", crate::engine::VERSION));
    put("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    if let Some(endpoint) = &options.endpoint {
        put("AWS_ENDPOINT_URL_LAMBDA", endpoint);
    }
    let absent = |name: &str| own(name).is_none();
    if absent("_HANDLER") {
        put("_HANDLER", function);
    }
    if absent("LAMBDA_TASK_ROOT") {
        let directory = std::env::current_dir().unwrap_or_else(|_| ".".into());
        put("LAMBDA_TASK_ROOT", &directory.to_string_lossy());
    }
    // Each for itself: SDKs differ in which of the two they read.
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(&own);
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        if absent(name) {
            put(name, &region.as_deref().map_or_else(|| REGION.into(), |region| region.to_string_lossy()));
        }
    }
    if CREDENTIALS.iter().all(|name| absent(name)) {
        put("AWS_ACCESS_KEY_ID", "local");
        put("AWS_SECRET_ACCESS_KEY", "local");
    }
    for (name, value) in &options.variables {
        put(name, value);
    }
    put(RUNTIME_API, runtime_api);
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(own: &[(&str, &str)], options: &HostOptions) -> BTreeMap<String, OsString> {
        let own: BTreeMap<String, OsString> = own.iter().map(|(name, value)| ((*name).into(), value.into())).collect();
        variables("ship", "127.0.0.1:9001", 1, options, |name| own.get(name).cloned())
    }

    #[test]
    fn a_runtime_finds_its_api_and_its_name() {
        let set = set(&[], &HostOptions::default().variable("AWS_LAMBDA_RUNTIME_API", "elsewhere"));
        assert_eq!(set["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:9001");
        assert_eq!(set["AWS_LAMBDA_FUNCTION_NAME"], "ship");
        assert_eq!(set["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
        assert!(!set.contains_key("AWS_ENDPOINT_URL_LAMBDA"), "it inherits what the host has");
    }

    #[test]
    fn credentials_and_a_region_are_made_up_only_when_there_are_none() {
        let alone = set(&[], &HostOptions::default());
        assert_eq!((&alone["AWS_ACCESS_KEY_ID"], &alone["AWS_REGION"]), (&"local".into(), &"us-east-1".into()));
        let given = set(&[("AWS_PROFILE", "me"), ("AWS_DEFAULT_REGION", "eu-west-1")], &HostOptions::default());
        assert!(!given.contains_key("AWS_ACCESS_KEY_ID") && !given.contains_key("AWS_DEFAULT_REGION"));
        assert_eq!(given["AWS_REGION"], "eu-west-1");
    }

    #[test]
    fn a_variable_of_the_caller_wins() {
        let set = set(&[("_HANDLER", "mine")], &HostOptions::default().variable("AWS_REGION", "local"));
        assert_eq!(set["AWS_REGION"], "local");
        assert!(!set.contains_key("_HANDLER"), "it is inherited");
    }
}
