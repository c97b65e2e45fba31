//! Who is answered: by the name that a request calls the server, and by the page that it comes from.

use std::io::{Read, Write};
use std::net::TcpStream;

use durable_runtime::engine::Engine;
use durable_runtime::server::ServerOptions;

use crate::client::{Served, invocations};
use crate::functions::echo;

async fn served() -> Served {
    let options = ServerOptions::default().allow_host("lambda.test");
    Served::with(vec![("echo", echo())], options, Engine::options()).await
}

#[tokio::test]
async fn a_server_answers_to_addresses_to_localhost_and_to_names_it_was_given() {
    let served = served().await;
    for host in [
        "127.0.0.1:3001",
        "127.0.0.1",
        "10.1.2.3:80",
        "[::1]:3001",
        "localhost:1",
        "LOCALHOST",
        "lambda.localhost",
        "lambda.test:3001",
        "Lambda.Test",
    ] {
        let reply = served.send("POST", &invocations("echo"), &[("host", host)], "1").await;
        assert_eq!(reply.status, 200, "{host}: {reply:?}");
    }
}

#[tokio::test]
async fn a_name_that_is_not_its_own_is_refused_whatever_is_asked_for() {
    let served = served().await;
    for host in ["evil.example", "evil.example:3001", "localhost.evil.example", "127.0.0.1.evil.example", "xlocalhost"]
    {
        for path in [invocations("echo"), "/".into()] {
            let reply = served.send("POST", &path, &[("host", host)], "1").await;
            let message = reply.error(403, "AccessDeniedException");
            assert!(message.contains("--allow-host") && message.contains(host.split(':').next().unwrap()), "{message}");
        }
    }
    assert!(served.engine.list(Default::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_of_a_foreign_page_is_refused() {
    let served = served().await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"] {
        let reply = served.send("POST", &invocations("echo"), &[("origin", origin)], "1").await;
        let message = reply.error(403, "AccessDeniedException");
        assert!(message.contains(origin), "{message}");
    }
    let own = format!("http://{}", served.address);
    let reply = served.send("POST", &invocations("echo"), &[("origin", &own)], "1").await;
    assert_eq!(reply.status, 200);
    let preflight = served.send("OPTIONS", &invocations("echo"), &[("origin", "https://evil.example")], "").await;
    let _ = preflight.error(403, "AccessDeniedException");
}

/// Sends text as it is and reads until the server closes.
async fn raw(served: &Served, request: &'static str) -> String {
    let address = served.address;
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).unwrap();
        answer
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

#[tokio::test]
async fn a_request_without_a_host_or_with_another_one_in_its_target_is_refused() {
    let served = served().await;
    for request in [
        "GET / HTTP/1.0\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
    ] {
        let answer = raw(&served, request).await;
        assert!(answer.contains(" 403 ") && answer.contains("AccessDeniedException"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_http_ends_its_connection_and_no_other() {
    let served = served().await;
    let answer = raw(&served, "hello there\r\n\r\n").await;
    assert!(answer.is_empty() || answer.contains(" 400 "), "{answer}");
    assert_eq!(served.invoke("echo", "1").await.status, 200);
}
