//! What a synchronous `send` costs, against a bare ping-pong of 64 bytes over the same kind of socket, in the same run and
//! with everything on one CPU. The bars are the project's; a debug build is measured but held to nothing.

mod remote_support;

use remote_support::{REMEX, World};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Rounds of each, interleaved; the medians are compared.
const ROUNDS: usize = 21;
const BATCH: usize = 500;

/// How many times a bare ping-pong a send may take.
const UNIX_RATIO_MAX: f64 = 2.5;
const TLS_RATIO_MAX: f64 = 3.5;

/// Puts this thread, and the processes it starts, on one CPU.
fn pin() {
    let mut set = rustix::thread::CpuSet::new();
    let now = rustix::thread::sched_getaffinity(None).unwrap();
    let cpu = (0..rustix::thread::CpuSet::MAX_CPU)
        .rev()
        .find(|cpu| now.is_set(*cpu))
        .unwrap();
    set.set(cpu);
    rustix::thread::sched_setaffinity(None, &set).unwrap();
}

/// Answers every 64 bytes with the same.
fn echo(mut stream: impl Read + Write) {
    let mut bytes = [0; 64];
    while stream.read_exact(&mut bytes).is_ok() && stream.write_all(&bytes).is_ok() {}
}

/// The microseconds that one of a batch of bare ping-pongs takes.
fn ping_pong(stream: &mut (impl Read + Write)) -> f64 {
    let mut bytes = [7; 64];
    let start = Instant::now();
    for _ in 0..BATCH {
        stream.write_all(&bytes).unwrap();
        stream.read_exact(&mut bytes).unwrap();
    }
    start.elapsed().as_secs_f64() * 1e6 / BATCH as f64
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Measures `send TARGET {expr {1+1}}` and `stream` in turn, and returns the medians in microseconds: bare, send.
fn compare(world: &World, target: &str, mut stream: impl Read + Write) -> (f64, f64) {
    let mut command: Command = world.command("client", REMEX);
    let mut client = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    let mut output = BufReader::new(client.stdout.take().unwrap());
    let mut batch = || {
        let line = format!(
            "puts [lindex [time {{send {target} {{expr {{1+1}}}}}} {BATCH}] 0]; flush stdout\n"
        );
        input.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        answer.trim().parse::<f64>().unwrap()
    };
    batch();
    ping_pong(&mut stream);
    let (bare, send) = (0..ROUNDS)
        .map(|_| (ping_pong(&mut stream), batch()))
        .unzip();
    drop(input);
    client.wait().unwrap();
    (median(bare), median(send))
}

fn judge(kind: &str, (bare, send): (f64, f64), ratio_max: f64) {
    println!(
        "{kind}: bare {bare:.2} us, send {send:.2} us, {:.2} times",
        send / bare
    );
    if !cfg!(debug_assertions) {
        assert!(
            send <= bare * ratio_max,
            "{kind}: more than {ratio_max} times"
        );
    }
}

#[test]
fn a_send_costs_little_more_than_the_socket() {
    pin();
    let world = World::new();
    let key = world.key("client");
    world.remex("server", &["keys", "authorize", &key]);
    let server = world.serve("server", &["--name", "a", "--listen", "127.0.0.1:0"]);

    let (near, far) = UnixStream::pair().unwrap();
    let unix = std::thread::spawn(move || echo(far));
    judge("Unix socket", compare(&world, "a", near), UNIX_RATIO_MAX);
    unix.join().unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let far = listener.accept().unwrap().0;
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let tcp = std::thread::spawn(move || echo(far));
    let address = server.address.clone().unwrap();
    judge(
        "TLS over TCP",
        compare(&world, &address, near),
        TLS_RATIO_MAX,
    );
    tcp.join().unwrap();
}
