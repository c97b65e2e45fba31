//! Bodies: their bounds, and how they arrive.

use std::convert::Infallible;

use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::Request;
use hyper::body::{Bytes, Frame};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::client::{Served, callback, execution, invocations};
use crate::functions::{echo, open_callback, remote};

const MIB: usize = 1024 * 1024;

/// JSON text of this many bytes.
fn text(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

#[tokio::test]
async fn a_payload_may_be_as_large_as_the_service_takes_and_no_larger() {
    let served = Served::new(vec![("echo", echo())]).await;
    // Not more than fits into the first page of an event: this function reads no other.
    let reply = served.invoke("echo", &text(4 * MIB)).await;
    assert_eq!((reply.status, reply.body.len()), (200, 4 * MIB));
    let reply = served.send("POST", &invocations("echo"), &[("x-amz-invocation-type", "DryRun")], text(6 * MIB)).await;
    assert_eq!(reply.status, 204);
    for bytes in [6 * MIB + 1, 12 * MIB] {
        let message = served.invoke("echo", &text(bytes)).await.error(413, "RequestTooLargeException");
        assert!(message.contains("6291456"), "{message}");
    }
    let event = [("x-amz-invocation-type", "Event")];
    let reply = served.send("POST", &invocations("echo"), &event, text(MIB)).await;
    assert_eq!(reply.status, 202);
    let reply = served.send("POST", &invocations("echo"), &event, text(MIB + 1)).await;
    assert!(reply.error(413, "RequestTooLargeException").contains("1048576"));
}

#[tokio::test]
async fn a_callback_takes_a_mebibyte_and_no_more() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let (id, _call) = open_callback(&served, &mut calls, "large", serde_json::json!({})).await;
    let reply = served.post(&callback(&id, "succeed"), "x".repeat(MIB + 1)).await;
    assert!(reply.error(400, "InvalidParameterValueException").contains("1048576"));
    let _ = served.post(&callback(&id, "succeed"), "x".repeat(MIB)).await.ok();
}

#[tokio::test]
async fn every_route_bounds_its_body() {
    let served = Served::new(vec![("echo", echo())]).await;
    let arn = served.invoke("echo", "1").await.arn();
    for path in [execution(&arn, "/stop"), callback("aWQ=", "fail"), callback("aWQ=", "heartbeat")] {
        let reply = served.post(&path, "x".repeat(2 * MIB)).await;
        assert!(reply.error(400, "InvalidParameterValueException").contains("bytes"), "{path}");
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_one_body_and_is_bounded_too() {
    let served = Served::new(vec![("echo", echo())]).await;
    let send = |chunk: String, count: usize| {
        let chunk = Bytes::from(chunk);
        let frames = (0..count).map(move |_| Ok::<_, Infallible>(Frame::data(chunk.clone())));
        let uri = format!("http://{}{}", served.address, invocations("echo"));
        let request = Request::post(uri).body(StreamBody::new(stream::iter(frames))).unwrap();
        async {
            let answer = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
            (answer.status().as_u16(), answer.into_body().collect().await.unwrap().to_bytes())
        }
    };
    let (status, body) = send("  12  \n".into(), 1).await;
    assert_eq!((status, body), (200, Bytes::from("  12  \n")));
    let (status, body) = send(" ".repeat(1000), 7000).await;
    assert_eq!(status, 413, "{body:?}");
}
