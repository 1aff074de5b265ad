//! Sockets, names and outgoing requests, over a network that exists only in the test.
use crate::harness::{BLACK_HOLE, COMMAND, FakeNetwork, HANDLER, PATIENCE, Setup, engine, run};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, sync::Arc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn network() -> Arc<FakeNetwork> {
    FakeNetwork::with_names(&[("db", &["10.43.0.1", "10.43.0.2"]), ("web", &["10.43.0.9"])])
}

#[tokio::test]
async fn connect_send_shut_down_receive() {
    let network = network();
    let mut incoming = network.open("10.43.0.1:3306");
    let echo = tokio::spawn(async move {
        let mut stream = incoming.recv().await.unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).await.unwrap();
        stream.write_all(&text).await.unwrap();
        stream.shutdown().await.unwrap();
        text.len()
    });
    let setup = Setup { network, ..Setup::args(&["connect", "db:3306", "twelve bytes"]) };
    let (exit, printed) = run(COMMAND, setup).await;
    assert_eq!(exit.code, 0, "{exit:?}");
    // twelve times more than the pipe holds
    assert_eq!(echo.await.unwrap(), 12_000);
    assert_eq!(printed, "Ok(\"12000 bytes from 10.43.0.1:3306 at 10.128.0.7\")\n");
}

#[tokio::test]
async fn refusals_and_timeouts_are_told_apart() {
    let network = network();
    let setup = Setup { network: network.clone(), ..Setup::args(&["connect", "10.1.1.1:1", ""]) };
    assert_eq!(run(COMMAND, setup).await.1, "Err(ConnectionRefused)\n");
    let _silent = network.open("10.43.0.1:7");
    let setup = Setup { network: network.clone(), ..Setup::args(&["wait", "10.43.0.1:7"]) };
    assert_eq!(run(COMMAND, setup).await.1, "Err(WouldBlock)\n", "what a read that timed out is called on Unix");
    let setup = Setup { network, ..Setup::args(&["timeout", BLACK_HOLE]) };
    assert_eq!(run(COMMAND, setup).await.1, "Err(TimedOut)\n");
}

#[tokio::test]
async fn a_name_has_all_its_addresses() {
    let network = network();
    for (name, printed) in [("db", "10.43.0.1\n10.43.0.2\n"), ("127.0.0.1", "127.0.0.1\n")] {
        let setup = Setup { network: network.clone(), ..Setup::args(&["resolve", name]) };
        assert_eq!(run(COMMAND, setup).await.1, printed);
    }
    let setup = Setup { network, ..Setup::args(&["resolve", "nowhere"]) };
    let printed = run(COMMAND, setup).await.1;
    assert!(printed.contains("failed to lookup"), "{printed}");
}

#[tokio::test]
async fn a_process_listens_and_accepts() {
    let network = network();
    let setup = Setup { network: network.clone(), ..Setup::args(&["serve", "0.0.0.0:80"]) };
    let serving = setup.start(&engine(), COMMAND).await;
    let dialled = async {
        loop {
            match network.dial("0.0.0.0:80".parse().unwrap()).await {
                Ok(stream) => return stream,
                Err(_) => tokio::task::yield_now().await, // not listening yet
            }
        }
    };
    let mut stream = tokio::time::timeout(PATIENCE, dialled).await.expect("it listens");
    stream.write_all(b"loud").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "LOUD");
    assert_eq!(serving.exited().await.code, 0);
    assert_eq!(serving.stdout.text(), "served 10.128.0.8:50000\n");
}

#[tokio::test]
async fn outgoing_requests_go_over_the_network() {
    let network = network();
    let mut incoming = network.open("10.43.0.9:8080");
    let server = tokio::spawn(async move {
        let stream = incoming.recv().await.unwrap();
        let answer = service_fn(|request: Request<Incoming>| async move {
            let host = request.headers()["host"].to_str().unwrap().to_owned();
            Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from(format!("{} of {host}", request.uri()))))
        });
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await.unwrap();
    });
    let handler = Setup { network, ..Setup::default() }.start(&engine(), HANDLER).await;
    assert_eq!(handler.get("/get?http://web:8080/a/b").await.1, "200 /a/b of web:8080");
    server.await.unwrap();
    assert!(handler.get("/get?http://web:1/").await.1.contains("ConnectionRefused"));
    assert!(handler.get("/get?http://nowhere/").await.1.contains("NXDOMAIN"));
    assert!(handler.get("/get?https://web/").await.1.contains("https is not available"));
}
