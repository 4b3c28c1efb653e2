//! Tests over the loopback interface.

use super::*;
use crate::channel::Gets;
use crate::event::{ChannelWatch, Event, EventLoop, Filter, Interest, Wait};
use std::time::{Duration, Instant};

fn next(events: &mut EventLoop) -> Event {
    events
        .turn(
            Wait::Until(Instant::now() + Duration::from_secs(5)),
            Filter::ALL,
        )
        .expect("an event")
}

fn server() -> (Channel, String) {
    let options = ListenOptions {
        family: AddressFamily::Any,
        local_host: Some("127.0.0.1".into()),
        port: "0".into(),
    };
    let mut server = listen(&options).unwrap();
    let port = server
        .driver_mut::<TcpListenerDriver>()
        .unwrap()
        .port()
        .unwrap()
        .to_string();
    (server, port)
}

fn client(port: &str, is_async: bool) -> Channel {
    let options = ConnectOptions {
        host: "127.0.0.1".into(),
        port: port.into(),
        is_async,
        ..Default::default()
    };
    connect(&options).unwrap()
}

#[test]
fn a_conversation_over_loopback() {
    let mut events = EventLoop::new();
    let (mut server, port) = server();
    let mut server_watch = ChannelWatch::new();
    server_watch
        .set_interest(&mut events, &mut server, Interest::READ)
        .unwrap();
    let mut near = client(&port, false);
    assert!(matches!(next(&mut events), Event::Readable(id) if server_watch.has_source(id)));
    let listener = server.driver_mut::<TcpListenerDriver>().unwrap();
    let mut accepted = listener.accept().unwrap().unwrap();
    assert!(listener.accept().unwrap().is_none());
    server_watch.accepted_all(&mut events);
    assert_eq!(accepted.address, "127.0.0.1");
    let mut far_watch = ChannelWatch::new();
    far_watch
        .set_interest(&mut events, &mut accepted.channel, Interest::READ)
        .unwrap();
    near.write_line("hello").unwrap();
    near.flush().unwrap();
    assert!(matches!(next(&mut events), Event::Readable(id) if far_watch.has_source(id)));
    assert_eq!(accepted.channel.gets().unwrap(), Gets::Line("hello"));
    far_watch
        .settle(&mut events, &mut accepted.channel)
        .unwrap();
    accepted.channel.write_line("answer").unwrap();
    accepted.channel.flush().unwrap();
    assert_eq!(near.gets().unwrap(), Gets::Line("answer"));
    near.close(Side::Write).unwrap();
    assert!(matches!(next(&mut events), Event::Readable(id) if far_watch.has_source(id)));
    assert_eq!(accepted.channel.gets().unwrap(), Gets::Eof);
    accepted.channel.write_line("still open").unwrap();
    accepted.channel.flush().unwrap();
    assert_eq!(near.gets().unwrap(), Gets::Line("still open"));
}

#[test]
fn names_of_both_ends() {
    let (mut server, port) = server();
    let mut near = client(&port, false);
    let OptionValue::List(words) = near.option("-peername").unwrap() else {
        panic!("a list")
    };
    assert_eq!(
        (words[0].as_str(), words[2].as_str()),
        ("127.0.0.1", port.as_str())
    );
    assert_eq!(
        near.option("-peername").unwrap(),
        server.option("-sockname").unwrap()
    );
    assert_eq!(
        near.option("-error").unwrap(),
        OptionValue::Text(String::new())
    );
    assert_eq!(
        near.option("-connecting").unwrap(),
        OptionValue::Text("0".into())
    );
}

#[test]
fn refused_connections_have_tcls_words() {
    let (mut server, port) = server();
    server.close(Side::Both).unwrap();
    let options = ConnectOptions {
        host: "127.0.0.1".into(),
        port: port.clone(),
        ..Default::default()
    };
    let error = connect(&options).unwrap_err();
    assert_eq!(
        error.text("", ""),
        "couldn't open socket: connection refused"
    );
    let mut near = client(&port, true);
    let mut events = EventLoop::new();
    let mut watch = ChannelWatch::new();
    watch
        .set_interest(&mut events, &mut near, Interest::WRITE)
        .unwrap();
    assert!(matches!(next(&mut events), Event::Writable(_)));
    assert_eq!(
        near.option("-error").unwrap(),
        OptionValue::Text("connection refused".into())
    );
    assert_eq!(
        near.option("-error").unwrap(),
        OptionValue::Text(String::new())
    );
    assert_eq!(
        near.gets().unwrap_err().error_code(),
        ["POSIX", "ENOTCONN", "socket is not connected"]
    );
    watch.end(&mut events);
}

#[test]
fn an_asynchronous_connection_queues_what_is_written() {
    let (mut server, port) = server();
    let mut near = client(&port, true);
    near.set_blocking(false).unwrap();
    near.write_line("early").unwrap();
    near.flush().unwrap();
    let mut events = EventLoop::new();
    let mut watch = ChannelWatch::new();
    watch
        .set_interest(&mut events, &mut near, Interest::NONE)
        .unwrap();
    while watch.is_draining() {
        assert!(matches!(next(&mut events), Event::Writable(_)));
        near.drain_output().unwrap();
        watch.settle(&mut events, &mut near).unwrap();
    }
    let mut accepted = server
        .driver_mut::<TcpListenerDriver>()
        .unwrap()
        .accept()
        .unwrap()
        .unwrap();
    assert_eq!(accepted.channel.gets().unwrap(), Gets::Line("early"));
}

#[test]
fn ports_are_numbers_or_services() {
    assert_eq!(port_number(" 80 ").unwrap(), 80);
    assert_eq!(
        port_number("99999").unwrap_err().text("", ""),
        "couldn't open socket: port number too high"
    );
    assert_eq!(
        port_number("22x").unwrap_err().error_code(),
        ["TCL", "VALUE", "INTEGER"]
    );
}
