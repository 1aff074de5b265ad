//! Streams reach listeners, and what is not taken comes back.

use std::sync::Arc;

use api::Key;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::network::tables::Entry;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

async fn echo_once(mut listener: Listener) {
    let mut incoming = listener.accept().await.unwrap();
    let mut word = [0; 5];
    incoming.stream.read_exact(&mut word).await.unwrap();
    incoming.stream.write_all(&word).await.unwrap();
}

async fn say(mut stream: Box<dyn Stream>) -> String {
    stream.write_all(b"hello").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn service(fabric: &Fabric, address: &str, endpoints: &[&str]) {
    let backends = Arc::new(Backends::new(endpoints.iter().map(|e| at(e)).collect(), false));
    let entry = Entry { addresses: vec![(at(address), backends)], ..Entry::default() };
    fabric.tables().replace(&Key::new("default", "web"), Some(entry));
}

#[tokio::test]
async fn a_pod_reaches_a_pod_through_a_service() {
    let fabric = Fabric::new();
    let server = tokio::spawn(echo_once(fabric.listen(at("10.128.0.2:80")).unwrap()));
    service(&fabric, "10.43.0.9:8080", &["10.128.0.9:80", "10.128.0.2:80"]);
    let stream = fabric.connect("10.128.0.7".parse().unwrap(), at("10.43.0.9:8080")).await.unwrap();
    assert_eq!(say(stream).await, "hello");
    server.await.unwrap();
}

#[tokio::test]
async fn nobody_listening_refuses_and_frees_the_address_again() {
    let fabric = Fabric::new();
    let from = "10.128.0.7".parse().unwrap();
    assert!(matches!(fabric.connect(from, at("10.128.0.2:80")).await.err(), Some(NetError::Refused)));
    assert!(matches!(fabric.connect(from, at("10.43.0.77:80")).await.err(), Some(NetError::Refused)));
    let first = fabric.listen(at("10.128.0.2:80")).unwrap();
    assert!(matches!(fabric.listen(at("10.128.0.2:80")).err(), Some(NetError::AddressInUse)));
    drop(first);
    let mut second = fabric.listen(at("10.128.0.2:80")).unwrap();
    second.close();
    assert!(matches!(fabric.connect(from, at("10.128.0.2:80")).await.err(), Some(NetError::Refused)));
}

#[tokio::test]
async fn an_undelivered_stream_comes_back_untouched() {
    let fabric = Fabric::new();
    let backends = Backends::new(vec![at("10.128.0.2:80")], false);
    let (mut near, far) = tokio::io::duplex(64);
    near.write_all(b"hello").await.unwrap();
    let Err(mut back) = fabric.deliver(&backends, Box::new(far), at("127.0.0.1:9")).await else { panic!("taken") };
    let mut word = [0; 5];
    back.stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"hello");
}

#[tokio::test]
async fn a_closed_listener_still_gives_what_had_arrived() {
    let fabric = Fabric::new();
    let mut listener = fabric.listen(at("10.128.0.2:80")).unwrap();
    let _stream = fabric.connect("10.128.0.7".parse().unwrap(), at("10.128.0.2:80")).await.unwrap();
    listener.close();
    assert!(listener.accept().await.is_some());
    assert!(listener.accept().await.is_none());
}

#[tokio::test]
async fn the_world_is_reached_by_real_sockets() {
    let fabric = Fabric::new();
    let real = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = real.local_addr().unwrap().port();
    let to = SocketAddr::new(HOST, port);
    let (connected, accepted) = tokio::join!(fabric.connect("10.128.0.7".parse().unwrap(), to), real.accept());
    accepted.unwrap().0.write_all(b"hi").await.unwrap();
    let mut word = [0; 2];
    connected.unwrap().read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"hi");
}
