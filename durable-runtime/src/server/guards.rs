//! Who may ask: requests that call this server by a name of its own, and no foreign web page. Knows no API.
//!
//! A browser sends what any page tells it to, to this machine too. A page that rebinds its own name to this address
//! still sends that name as Host, and one that posts across origins sends its Origin.

use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::http::uri::Authority;

use super::error::{ACCESS_DENIED, ApiError};

/// Refuses what only a browser that was misled can have sent.
pub(super) fn check(headers: &HeaderMap, target: Option<&Authority>, allowed: &[String]) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|_| hosts.next().is_none());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let Some(host) = host else {
        return Err(ACCESS_DENIED.says("the request names no host, or several: it is not answered"));
    };
    for name in [Some(&host), target].into_iter().flatten().map(Authority::host) {
        if !is_own(name, allowed) {
            return Err(ACCESS_DENIED.says(format!(
                "the request calls this server `{name}`, and it answers only to IP addresses, to `localhost` and to \
                 names that it was given: if this is a name of yours, add `--allow-host {name}`"
            )));
        }
    }
    let own =
        |origin: &str| origin.strip_prefix("http://").is_some_and(|rest| rest.eq_ignore_ascii_case(host.as_str()));
    match headers.get_all(ORIGIN).iter().find(|origin| !origin.to_str().is_ok_and(own)) {
        None => Ok(()),
        Some(origin) => Err(ACCESS_DENIED.says(format!(
            "the request comes from a web page of the origin `{}`, and this server answers no pages but its own: call it \
             from a program",
            String::from_utf8_lossy(origin.as_bytes())
        ))),
    }
}

/// Whether a host is an address, this machine, or one of the names given.
fn is_own(host: &str, allowed: &[String]) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if bare.parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || allowed.iter().any(|known| known.eq_ignore_ascii_case(&name))
}
