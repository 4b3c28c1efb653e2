//! Nodes that talk over real sockets, each on a thread of its own, with an engine of six commands.

use super::*;
use crate::keys::{Home, HostPolicy};
use crate::local::Directory;
use crate::protocol::{self, Decoder, Hello, Message, Received, Request};
use std::cell::Cell;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

/// An engine of six commands: `echo WORD …`, `fail WORD …`, `spin`, `sleep MS`, `note WORD`, `send TARGET SCRIPT`.
struct Stub {
    node: Rc<Node>,
    notes: Vec<String>,
    is_interrupted: Rc<Cell<bool>>,
}

impl Stub {
    fn new(node: &Rc<Node>) -> Stub {
        Stub {
            node: Rc::clone(node),
            notes: Vec::new(),
            is_interrupted: Rc::default(),
        }
    }

    fn spin(&self, until: Option<Instant>) -> Outcome {
        while until.is_none_or(|until| Instant::now() < until) {
            if let Verdict::Stop(_) = self.node.safepoint() {
                return Outcome::error("stopped", "STUB");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Outcome::ok("slept")
    }
}

impl Evaluator for Stub {
    fn evaluate(&mut self, body: Body) -> Outcome {
        let script = match body {
            Body::Script(script) => script,
            Body::Words(words) => words.join(" "),
        };
        let (command, rest) = script.split_once(' ').unwrap_or((&script, ""));
        match command {
            "echo" => Outcome::ok(rest),
            "fail" => Outcome::error(rest, "STUB FAIL"),
            "spin" => self.spin(None),
            "sleep" => self.spin(Some(
                Instant::now() + Duration::from_millis(rest.parse().unwrap()),
            )),
            "note" => {
                self.notes.push(rest.to_string());
                Outcome::ok(self.notes.join(","))
            }
            "send" => {
                let (target, script) = rest.split_once(' ').unwrap();
                let node = Rc::clone(&self.node);
                match node.send(self, target, Body::Script(script.into()), None) {
                    Ok(outcome) => outcome,
                    Err(failure) => failure.outcome(),
                }
            }
            _ => Outcome::error(format!("invalid command name \"{command}\""), "NONE"),
        }
    }

    fn is_interrupted(&mut self) -> bool {
        self.is_interrupted.get()
    }
}

/// A directory of the test's own, gone when dropped.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("remex-node-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Place(path)
    }

    fn home(&self, user: &str) -> Home {
        Home::at(self.0.join(user))
    }

    fn settings(&self, user: &str) -> Settings {
        Settings {
            home: Some(self.home(user)),
            directory: Directory::at(self.0.join("run")),
            policy: HostPolicy::FirstUse,
            engine: "stub".into(),
        }
    }

    fn client(&self, user: &str) -> (Rc<Node>, Stub) {
        let node = Rc::new(Node::new(self.settings(user)).unwrap());
        let stub = Stub::new(&node);
        (node, stub)
    }

    fn serve(&self, name: &str) -> Server {
        Server::start(self.settings(name), name.to_string(), false)
    }

    fn serve_network(&self, name: &str) -> Server {
        Server::start(self.settings(name), name.to_string(), true)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A node that serves on a thread of its own until it is dropped.
struct Server {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<String>>>,
    name: String,
    address: Option<SocketAddr>,
}

impl Server {
    fn start(settings: Settings, name: String, on_network: bool) -> Server {
        let is_over = Arc::new(AtomicBool::new(false));
        let (tell, told) = mpsc::channel();
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let node = Rc::new(Node::new(settings).unwrap());
            let name = node.serve_local(&name).unwrap();
            let address = on_network.then(|| node.listen("127.0.0.1", 0).unwrap());
            tell.send((name, address)).unwrap();
            let mut stub = Stub::new(&node);
            let mut notices = Vec::new();
            while !over.load(Ordering::Relaxed) {
                node.wait_for_events(Some(Duration::from_millis(10)));
                node.turn(&mut stub);
                notices.extend(node.take_notices());
            }
            notices
        });
        let (name, address) = told.recv().unwrap();
        Server {
            is_over,
            thread: Some(thread),
            name,
            address,
        }
    }

    /// Ends it, and returns what it had to say to its user.
    fn stop(&mut self) -> Vec<String> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread
            .take()
            .map(|thread| thread.join().unwrap())
            .unwrap_or_default()
    }

    fn host(&self) -> String {
        self.address.unwrap().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn script(text: &str) -> Body {
    Body::Script(text.to_string())
}

#[test]
fn a_script_is_evaluated_in_another_interpreter() {
    let place = Place::new("basic");
    let server = place.serve("a");
    assert_eq!(server.name, "a");
    let (node, mut stub) = place.client("c");
    for number in 0..100 {
        let outcome = node
            .send(&mut stub, "a", script(&format!("echo {number}")), None)
            .unwrap();
        assert_eq!(outcome, Outcome::ok(number.to_string()));
    }
    let outcome = node.send(&mut stub, "a", script("fail no"), None).unwrap();
    assert_eq!((outcome.code, outcome.value.as_str()), (1, "no"));
    assert_eq!(
        outcome.options.unwrap().error_code.as_deref(),
        Some("STUB FAIL")
    );
    assert_eq!(node.names(), ["a"]);
    assert_eq!(
        node.send(&mut stub, "b", script("echo"), None),
        Err(Failure::NoSuchName("b".into()))
    );
}

#[test]
fn a_large_message_crosses_whole_in_both_directions() {
    let place = Place::new("large");
    let _server = place.serve("a");
    let (node, mut stub) = place.client("c");
    for bytes in [100_000, 5_000_000] {
        let text = "é".repeat(bytes / 2);
        let outcome = node
            .send(&mut stub, "a", script(&format!("echo {text}")), None)
            .unwrap();
        assert!(outcome.value == text);
    }
    let too_long = "x".repeat(protocol::FRAME_BYTES_MAX);
    assert!(matches!(
        node.send(&mut stub, "a", script(&too_long), None),
        Err(Failure::Protocol(_))
    ));
    assert!(
        node.send(&mut stub, "a", script("echo still here"), None)
            .is_ok()
    );
}

#[test]
fn a_sends_to_b_which_sends_to_a() {
    let place = Place::new("ring");
    let _b = place.serve("b");
    let _c = place.serve("c");
    let (node, mut stub) = place.client("a");
    node.serve_local("a").unwrap();
    for text in [
        "send b send a echo x",
        "send b send c send a send b send a echo x",
        "send a send a echo x",
    ] {
        assert_eq!(stub.evaluate(script(text)), Outcome::ok("x"), "{text}");
    }
}

#[test]
fn endless_mutual_sends_end_with_an_error() {
    let place = Place::new("endless");
    let (node, mut stub) = place.client("a");
    node.serve_local("a").unwrap();
    let mut text = "echo x".to_string();
    for _ in 0..NESTED_MAX + 5 {
        text = format!("send a {text}");
    }
    assert_eq!(
        stub.evaluate(script(&text)).value,
        "too many nested sends (the limit is 64)"
    );
    assert_eq!(stub.evaluate(script("send a echo x")), Outcome::ok("x"));
}

#[test]
fn two_that_ask_each_other_at_once_both_get_answers() {
    let place = Place::new("mutual");
    let (_a, _b) = (place.serve("a"), place.serve("b"));
    let threads: Vec<_> = [("a", "b"), ("b", "a")]
        .into_iter()
        .map(|(first, second)| {
            let settings = place.settings("c");
            std::thread::spawn(move || {
                let node = Rc::new(Node::new(settings).unwrap());
                let mut stub = Stub::new(&node);
                for _ in 0..200 {
                    let text = format!("send {second} send {first} echo x");
                    let outcome = node.send(&mut stub, first, script(&text), Some(20_000));
                    assert_eq!(outcome, Ok(Outcome::ok("x")));
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_script_that_spins_is_stopped_when_its_callers_time_is_over() {
    let place = Place::new("spin");
    let _a = place.serve("a");
    let (node, mut stub) = place.client("c");
    let start = Instant::now();
    let timeout = Failure::Timeout {
        target: "a".into(),
        timeout_ms: 100,
    };
    assert_eq!(
        node.send(&mut stub, "a", script("spin"), Some(100)),
        Err(timeout)
    );
    assert!(start.elapsed() < Duration::from_millis(1000));
    assert_eq!(
        node.send(&mut stub, "a", script("echo alive"), Some(5000)),
        Ok(Outcome::ok("alive"))
    );
}

#[test]
fn pings_are_answered_while_a_script_spins() {
    let place = Place::new("ping");
    let _a = place.serve("a");
    let (first, mut first_stub) = place.client("c");
    let (second, mut second_stub) = place.client("d");
    first
        .post(&mut first_stub, "a", script("sleep 600"), None, Some(1))
        .unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let time = second.ping(&mut second_stub, "a", Some(5000)).unwrap();
    assert!(time < Duration::from_millis(300), "{time:?}");
    assert_eq!(
        second.send(&mut second_stub, "a", script("echo x"), Some(5000)),
        Ok(Outcome::ok("x"))
    );
}

#[test]
fn a_cancel_passes_on_to_what_the_cancelled_request_waits_for() {
    let place = Place::new("chain");
    let (_a, _b) = (place.serve("a"), place.serve("b"));
    let (node, mut stub) = place.client("c");
    assert!(
        node.send(&mut stub, "a", script("send b spin"), Some(100))
            .is_err()
    );
    for name in ["a", "b"] {
        assert_eq!(
            node.send(&mut stub, name, script("echo x"), Some(5000)),
            Ok(Outcome::ok("x"))
        );
    }
}

#[test]
fn a_client_that_goes_away_takes_its_spinning_script_with_it() {
    let place = Place::new("gone");
    let _a = place.serve("a");
    let (node, mut stub) = place.client("c");
    node.post(&mut stub, "a", script("spin"), None, Some(1))
        .unwrap();
    std::thread::sleep(Duration::from_millis(50));
    drop((node, stub));
    let (node, mut stub) = place.client("c");
    assert_eq!(
        node.send(&mut stub, "a", script("echo x"), Some(5000)),
        Ok(Outcome::ok("x"))
    );
}

#[test]
fn what_is_posted_is_done_in_order_and_told_to_its_callback() {
    let place = Place::new("post");
    let _a = place.serve("a");
    let (node, mut stub) = place.client("c");
    for number in 0..1000 {
        node.post(
            &mut stub,
            "a",
            script("note x"),
            None,
            (number % 2 == 0).then_some(number),
        )
        .unwrap();
    }
    let outcome = node.send(&mut stub, "a", script("note y"), None).unwrap();
    assert_eq!(outcome.value.split(',').count(), 1001);
    let completions: Vec<_> = std::iter::from_fn(|| node.take_completion()).collect();
    assert_eq!(
        completions
            .iter()
            .map(|(token, _)| *token)
            .collect::<Vec<_>>(),
        (0..1000).step_by(2).collect::<Vec<_>>()
    );
    node.post(&mut stub, "a", script("spin"), Some(50), Some(7))
        .unwrap();
    let start = Instant::now();
    let timeout = loop {
        node.wait_for_events(Some(Duration::from_secs(5)));
        node.turn(&mut stub);
        if let Some(completion) = node.take_completion() {
            break completion;
        }
        assert!(start.elapsed() < Duration::from_secs(5));
    };
    assert!(matches!(timeout, (7, Err(Failure::Timeout { .. }))));
}

#[test]
fn what_is_posted_arrives_though_the_sender_ends_at_once() {
    let place = Place::new("farewell");
    let _a = place.serve("a");
    for _ in 0..20 {
        let (node, mut stub) = place.client("c");
        node.post(&mut stub, "a", script("note x"), None, None)
            .unwrap();
    }
    let (node, mut stub) = place.client("c");
    std::thread::sleep(Duration::from_millis(100));
    let outcome = node.send(&mut stub, "a", script("note y"), None).unwrap();
    assert_eq!(outcome.value.split(',').count(), 21);
}

#[test]
fn a_server_that_was_restarted_is_found_again() {
    let place = Place::new("restart");
    let mut server = place.serve("a");
    let (node, mut stub) = place.client("c");
    assert!(node.send(&mut stub, "a", script("echo x"), None).is_ok());
    server.stop();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(
        node.send(&mut stub, "a", script("echo x"), None),
        Err(Failure::NoSuchName("a".into()))
    );
    let _server = place.serve("a");
    assert!(node.send(&mut stub, "a", script("echo x"), None).is_ok());
}

#[test]
fn an_interrupt_ends_the_wait() {
    let place = Place::new("interrupt");
    let _a = place.serve("a");
    let (node, mut stub) = place.client("c");
    stub.is_interrupted.set(true);
    assert_eq!(
        node.send(&mut stub, "a", script("spin"), None),
        Err(Failure::Interrupted)
    );
    stub.is_interrupted.set(false);
    assert_eq!(
        node.send(&mut stub, "a", script("echo x"), Some(5000)),
        Ok(Outcome::ok("x"))
    );
}

#[test]
fn a_network_client_comes_in_by_its_key() {
    let place = Place::new("network");
    let server = place.serve_network("s");
    let (node, mut stub) = place.client("c");
    let refused = node
        .send(&mut stub, &server.host(), script("echo x"), Some(10_000))
        .unwrap_err();
    let key = place.home("c").identity().unwrap().public();
    assert!(
        matches!(&refused, Failure::Refused(text) if text.contains(&format!("remex keys authorize {key}"))),
        "{refused:?}"
    );
    place.home("s").authorize(&key, "c").unwrap();
    for text in ["x".to_string(), "y".repeat(3_000_000)] {
        let outcome = node
            .send(
                &mut stub,
                &server.host(),
                script(&format!("echo {text}")),
                Some(10_000),
            )
            .unwrap();
        assert!(outcome.value == text);
    }
    let notices = node.take_notices();
    assert!(
        notices.len() == 1 && notices[0].contains("is new"),
        "{notices:?}"
    );
    place.home("s").revoke(&key.to_string()).unwrap();
    let (node, mut stub) = place.client("c");
    assert!(matches!(
        node.send(&mut stub, &server.host(), script("echo x"), Some(10_000)),
        Err(Failure::Refused(_))
    ));
    let notices = { server }.stop();
    assert!(
        notices
            .iter()
            .all(|line| line.contains("remex keys authorize ssh-ed25519")),
        "{notices:?}"
    );
    assert_eq!(notices.len(), 2);
}

#[test]
fn a_server_whose_key_changed_is_refused_with_the_command_that_mends_it() {
    let place = Place::new("changed");
    let server = place.serve_network("s");
    let (node, mut stub) = place.client("c");
    let other = crate::keys::Identity::generate().public();
    place
        .home("c")
        .trust(&server.host(), &other, false)
        .unwrap();
    let refused = node
        .send(&mut stub, &server.host(), script("echo x"), Some(10_000))
        .unwrap_err();
    let key = place.home("s").identity().unwrap().public();
    let command = format!("remex keys trust {} {key} --replace", server.host());
    assert!(
        matches!(&refused, Failure::HostKey(text) if text.contains(&command)),
        "{refused:?}"
    );
}

#[test]
fn nobody_home_is_told_at_once() {
    let place = Place::new("nobody");
    let (node, mut stub) = place.client("c");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let failure = node
        .send(
            &mut stub,
            &format!("127.0.0.1:{port}"),
            script("echo"),
            Some(5000),
        )
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        format!("couldn't connect to \"127.0.0.1:{port}\": connection refused")
    );
}

#[test]
fn strangers_on_the_network_are_let_go_and_hold_nobody_up() {
    let place = Place::new("strangers");
    let server = place.serve_network("s");
    let key = place.home("c").identity().unwrap().public();
    place.home("s").authorize(&key, "").unwrap();
    let mut slow: Vec<_> = (0..crate::gate::STRANGERS_PER_ADDRESS_MAX - 1)
        .map(|_| std::net::TcpStream::connect(server.address.unwrap()).unwrap())
        .collect();
    slow.iter_mut()
        .for_each(|stream| stream.write_all(b"\x16\x03\x01").unwrap());
    let (node, mut stub) = place.client("c");
    assert_eq!(
        node.send(&mut stub, &server.host(), script("echo x"), Some(5000)),
        Ok(Outcome::ok("x"))
    );
    // What is not TLS is closed at its first byte.
    let mut http = std::net::TcpStream::connect(server.address.unwrap()).unwrap();
    http.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    http.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let start = Instant::now();
    assert_eq!(http.read(&mut [0; 64]).unwrap_or(0), 0);
    assert!(start.elapsed() < Duration::from_secs(3));
    // One too many from one address is closed at once.
    slow.push(std::net::TcpStream::connect(server.address.unwrap()).unwrap());
    let mut extra = std::net::TcpStream::connect(server.address.unwrap()).unwrap();
    extra
        .set_read_timeout(Some(Duration::from_secs(3)))
        .unwrap();
    assert_eq!(extra.read(&mut [0; 64]).unwrap_or(0), 0);
}

#[test]
fn a_client_that_sends_one_byte_a_second_is_let_go_at_the_handshakes_deadline() {
    let place = Place::new("slow");
    let server = place.serve_network("s");
    let mut slow = std::net::TcpStream::connect(server.address.unwrap()).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let start = Instant::now();
    let mut bytes = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        .iter()
        .cycle();
    let is_closed = loop {
        let _ = slow.write_all(&[*bytes.next().unwrap()]);
        match slow.read(&mut [0; 64]) {
            Ok(_) => break true,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break true,
            Err(_) if start.elapsed() > 2 * crate::gate::HANDSHAKE_TIME_MAX => break false,
            Err(_) => {}
        }
    };
    assert!(
        is_closed && start.elapsed() >= crate::gate::HANDSHAKE_TIME_MAX - Duration::from_secs(1)
    );
}

/// A connection to a local server, spoken by hand.
struct Raw {
    socket: std::os::unix::net::UnixStream,
    decoder: Decoder,
}

impl Raw {
    fn new(place: &Place, name: &str) -> Raw {
        let socket =
            std::os::unix::net::UnixStream::connect(place.0.join("run").join(name)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(15)))
            .unwrap();
        Raw {
            socket,
            decoder: Decoder::new(),
        }
    }

    fn greet(&mut self) {
        let mut bytes = Vec::new();
        protocol::encode_hello(
            &Hello {
                name: String::new(),
                engine: "raw".into(),
            },
            &mut bytes,
        )
        .unwrap();
        self.socket.write_all(&bytes).unwrap();
        assert!(matches!(self.next(), Some(Received::Hello(_))));
    }

    /// The next message, or None at the connection's end.
    fn next(&mut self) -> Option<Received> {
        loop {
            if let Some(received) = self.decoder.next(&mut &[][..]).unwrap() {
                return Some(received);
            }
            // A byte at a time leaves nothing behind in the input.
            let mut byte = [0];
            if self.socket.read(&mut byte).unwrap_or(0) == 0 {
                return None;
            }
            if let Some(received) = self.decoder.next(&mut &byte[..]).unwrap() {
                return Some(received);
            }
        }
    }

    fn say(&mut self, message: &Message) {
        let mut bytes = Vec::new();
        protocol::encode(message, &mut bytes).unwrap();
        let _ = self.socket.write_all(&bytes);
    }
}

#[test]
fn an_oversized_frame_or_garbage_ends_the_connection_with_a_reason_and_the_server_lives_on() {
    let place = Place::new("oversized");
    let _a = place.serve("a");
    for (bytes, reason) in [
        (
            &[0xff, 0xff, 0xff, 0xff][..],
            "a frame announces 4294967295 bytes; the limit is 67108864",
        ),
        (
            &[3, 0, 0, 0, 99, 98, 97][..],
            "a frame holds no message that this version knows",
        ),
    ] {
        let mut raw = Raw::new(&place, "a");
        raw.greet();
        raw.socket.write_all(bytes).unwrap();
        assert_eq!(
            raw.next(),
            Some(Received::Message(Message::Bye {
                reason: reason.into()
            }))
        );
        assert_eq!(raw.next(), None);
    }
    let (node, mut stub) = place.client("c");
    assert_eq!(
        node.send(&mut stub, "a", script("echo x"), Some(5000)),
        Ok(Outcome::ok("x"))
    );
}

#[test]
fn a_client_that_does_not_read_its_answers_is_not_evaluated_for_ever_and_blocks_nobody() {
    let place = Place::new("deaf");
    let _a = place.serve("a");
    let mut raw = Raw::new(&place, "a");
    raw.greet();
    let text = "x".repeat(60 << 20);
    let request = |id, body| {
        Message::Request(Request {
            id,
            chain: 1,
            depth: 0,
            deadline_ms: 0,
            wants_reply: true,
            body,
        })
    };
    raw.socket
        .set_write_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    for id in 0..4 {
        raw.say(&request(id, script(&format!("echo {text}"))));
    }
    let (node, mut stub) = place.client("c");
    assert_eq!(
        node.send(&mut stub, "a", script("echo x"), Some(10_000)),
        Ok(Outcome::ok("x"))
    );
}

#[test]
fn a_peer_that_never_says_hello_is_let_go() {
    let place = Place::new("silent");
    let _a = place.serve("a");
    let mut raw = Raw::new(&place, "a");
    let start = Instant::now();
    assert!(matches!(raw.next(), Some(Received::Hello(_))));
    assert_eq!(raw.next(), None);
    assert!(start.elapsed() > Duration::from_secs(8));
}
