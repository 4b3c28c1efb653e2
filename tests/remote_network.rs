//! `send` and `remote` over the network: keys, refusals, hostile clients; and two hosts, as two network namespaces.

mod remote_support;

use remote_support::{REMEX, Server, World, ran};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

with_both_engines! {
    a_client_whose_key_is_authorized_comes_in_and_the_first_meeting_is_told,
    an_unknown_client_is_refused_with_the_command_that_lets_it_in,
    a_server_whose_key_changed_is_refused_until_the_printed_command_is_run,
    with_strict_host_keys_a_new_server_is_refused,
    a_spinning_script_is_stopped_over_the_network_too,
    what_is_not_tls_is_closed_at_once_and_the_server_lives_on,
    clients_that_dawdle_hold_nobody_up,
}

/// A listening server with the client's key authorized.
fn acquainted(world: &World) -> Server {
    let key = world.key("client");
    assert_eq!(
        world
            .remex("server", &["keys", "authorize", &key, "the client"])
            .status,
        Some(0)
    );
    world.serve("server", &["--name", "s", "--listen", "127.0.0.1:0"])
}

fn a_client_whose_key_is_authorized_comes_in_and_the_first_meeting_is_told(world: &World) {
    let server = acquainted(world);
    let address = server.address.clone().unwrap();
    let first = world.remex("client", &["remote", "eval", &address, "expr {6*7}"]);
    assert_eq!((first.output.as_str(), first.status), ("42\n", Some(0)));
    assert!(
        first
            .errors
            .starts_with(&format!("remex: {address} is new: its key SHA256:")),
        "{}",
        first.errors
    );
    let second = world.remex("client", &["remote", "eval", &address, "error no"]);
    let info = "no\n    while executing\n\"error no\"\n";
    assert_eq!((second.errors.as_str(), second.status), (info, Some(1)));
    let text = format!("puts [send {address} {{string length [string repeat x 3000000]}}]");
    assert_eq!(world.script(&text), "3000000\n");
}

fn an_unknown_client_is_refused_with_the_command_that_lets_it_in(world: &World) {
    let mut server = world.serve("server", &["--name", "s", "--listen", "127.0.0.1:0"]);
    let address = server.address.clone().unwrap();
    let refused = world.remex("client", &["remote", "eval", &address, "exit"]);
    assert_eq!(refused.status, Some(1));
    let command = refused.errors.lines().last().unwrap().trim().to_string();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..3], ["remex", "keys", "authorize"]);
    assert_eq!(world.remex("server", &words[1..]).status, Some(0));
    let admitted = world.remex("client", &["remote", "eval", &address, "set x 1"]);
    assert_eq!(
        (admitted.output.as_str(), admitted.errors.as_str()),
        ("1\n", "")
    );
    assert_eq!(
        world
            .remex("server", &["keys", "revoke", words[3], words[4]])
            .status,
        Some(0)
    );
    assert_eq!(
        world
            .remex("client", &["remote", "eval", &address, "set x"])
            .status,
        Some(1)
    );
    assert!(server.errors().contains("remex keys authorize ssh-ed25519"));
}

fn a_server_whose_key_changed_is_refused_until_the_printed_command_is_run(world: &World) {
    let mut server = acquainted(world);
    let address = server.address.clone().unwrap();
    world.remex("client", &["remote", "eval", &address, "pid"]);
    server.errors();
    let key = world.key("client");
    world.remex("impostor", &["keys", "authorize", &key]);
    let server = world.serve("impostor", &["--name", "s", "--listen", &address]);
    let refused = world.remex("client", &["remote", "eval", &address, "pid"]);
    assert_eq!(refused.status, Some(1));
    assert!(refused.errors.contains("has changed"), "{}", refused.errors);
    let command = refused.errors.lines().last().unwrap().trim().to_string();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words.last(), Some(&"--replace"));
    assert_eq!(world.remex("client", &words[1..]).status, Some(0));
    assert_eq!(
        world
            .remex("client", &["remote", "eval", &address, "set x 1"])
            .output,
        "1\n"
    );
    drop(server);
}

fn with_strict_host_keys_a_new_server_is_refused(world: &World) {
    let server = acquainted(world);
    let address = server.address.clone().unwrap();
    let mut command = world.command("client", REMEX);
    let refused = ran(command
        .env("REMEX_HOST_KEYS", "strict")
        .args(["remote", "eval", &address, "pid"]));
    assert_eq!(refused.status, Some(1));
    assert!(
        refused
            .errors
            .contains(&format!("remex keys trust {address} ssh-ed25519")),
        "{}",
        refused.errors
    );
}

fn a_spinning_script_is_stopped_over_the_network_too(world: &World) {
    let server = acquainted(world);
    let address = server.address.clone().unwrap();
    world.remex("client", &["remote", "eval", &address, "pid"]);
    let words = [
        "remote",
        "eval",
        "-timeout",
        "200",
        &address,
        "while 1 {catch {while 1 {}}}",
    ];
    let stopped = world.remex("client", &words);
    assert_eq!(
        stopped.errors,
        format!("no answer from \"{address}\" within 200 ms\n")
    );
    assert_eq!(
        world
            .remex("client", &["remote", "eval", &address, "set x alive"])
            .output,
        "alive\n"
    );
}

fn what_is_not_tls_is_closed_at_once_and_the_server_lives_on(world: &World) {
    let server = acquainted(world);
    let address = server.address.clone().unwrap();
    for text in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"{3 2} 42005\n",
        b"\xff\xff\xff\xff",
        b"exit\n",
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        stream.write_all(text).unwrap();
        let start = Instant::now();
        assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0);
        assert!(start.elapsed() < Duration::from_secs(4));
    }
    assert_eq!(
        world
            .remex("client", &["remote", "eval", &address, "set x alive"])
            .output,
        "alive\n"
    );
}

fn clients_that_dawdle_hold_nobody_up(world: &World) {
    let server = acquainted(world);
    let address = server.address.clone().unwrap();
    let slow: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(b"\x16").unwrap();
            stream
        })
        .collect();
    let start = Instant::now();
    assert_eq!(
        world
            .remex("client", &["remote", "eval", &address, "set x alive"])
            .output,
        "alive\n"
    );
    assert!(start.elapsed() < Duration::from_secs(3));
    drop(slow);
}

/// Two hosts joined by a cable: network namespaces and a veth pair, gone when dropped.
struct TwoHosts {
    names: [String; 2],
}

const FIRST: &str = "10.98.76.1";
const SECOND: &str = "10.98.76.2";

impl TwoHosts {
    /// None where this process may not make namespaces.
    fn new() -> Option<TwoHosts> {
        let id = std::process::id();
        let hosts = TwoHosts {
            names: [format!("remex-{id}-a"), format!("remex-{id}-b")],
        };
        let [a, b] = &hosts.names;
        if !ip(&["netns", "add", a]) {
            return None;
        }
        assert!(ip(&["netns", "add", b]));
        assert!(ip(&[
            "-n", a, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", b
        ]));
        for (name, address) in [(a, FIRST), (b, SECOND)] {
            assert!(ip(&[
                "-n",
                name,
                "addr",
                "add",
                &format!("{address}/24"),
                "dev",
                "cable"
            ]));
            assert!(ip(&["-n", name, "link", "set", "cable", "up"]));
            assert!(ip(&["-n", name, "link", "set", "lo", "up"]));
        }
        Some(hosts)
    }
}

impl Drop for TwoHosts {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&["netns", "del", name]);
        }
    }
}

fn ip(words: &[&str]) -> bool {
    let command = std::process::Command::new("ip").args(words).output();
    command.is_ok_and(|output| output.status.success())
}

#[test]
fn two_hosts_evaluate_in_each_other() {
    let Some(hosts) = TwoHosts::new() else {
        eprintln!("skipped: making network namespaces needs root and iproute2");
        return;
    };
    // Each host has a world, and so a runtime directory, of its own.
    let worlds = [World::new(), World::new()];
    let keys = [worlds[0].key("user"), worlds[1].key("user")];
    for (world, key) in worlds.iter().zip([&keys[1], &keys[0]]) {
        assert_eq!(
            world.remex("user", &["keys", "authorize", key]).status,
            Some(0)
        );
    }
    let on = |host: usize, words: &[&str]| {
        let mut command = worlds[host].command("user", "ip");
        command
            .args(["netns", "exec", &hosts.names[host], REMEX])
            .args(words);
        command
    };
    let servers = [
        Server::start(&mut on(
            0,
            &["serve", "--name", "x", "--listen", &format!("{FIRST}:7777")],
        )),
        Server::start(&mut on(
            1,
            &[
                "serve",
                "--name",
                "y",
                "--listen",
                &format!("{SECOND}:7777"),
            ],
        )),
    ];
    let (first, second) = (format!("{FIRST}:7777"), format!("{SECOND}:7777"));
    assert_eq!(
        ran(&mut on(1, &["remote", "eval", &first, "remote name"])).output,
        "x\n"
    );
    assert_eq!(
        ran(&mut on(0, &["remote", "eval", &second, "remote name"])).output,
        "y\n"
    );
    // From host to host and back, within one request.
    let script = format!(
        "list [remote name] [send {second} {{list [remote name] [send {first} {{remote name}}]}}]"
    );
    assert_eq!(
        ran(&mut on(1, &["remote", "eval", &first, &script])).output,
        "x {y x}\n"
    );
    // A host's own interpreters are not seen from the other.
    assert_eq!(
        ran(&mut on(1, &["remote", "eval", "x", "pid"])).status,
        Some(1)
    );
    // A cable that is cut while a request waits: the caller's time limit holds.
    let [a, _] = &hosts.names;
    let start = Instant::now();
    let words = [
        "remote",
        "eval",
        "-timeout",
        "1500",
        &second,
        "after 500; set x done",
    ];
    let mut asking = on(0, &words)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(250));
    assert!(ip(&["-n", a, "link", "set", "cable", "down"]));
    assert!(!asking.wait().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(servers);
}
