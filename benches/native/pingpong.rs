//! The floor under a synchronous request: 64 bytes there and back over a Unix or TCP socket, with nothing else in the path.
//!
//! `pingpong unix|tcp COUNT` starts a second copy of itself as the answering side and prints `p50`, `p99` (microseconds,
//! over batches of ten as the Tcl client measures) and `rate` lines. The caller pins both to a CPU.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const MESSAGE_BYTES: usize = 64;
const BATCH: usize = 10;

/// Returns each message to its sender until the connection closes.
fn answer(mut stream: impl Read + Write) -> std::io::Result<()> {
    let mut message = [0u8; MESSAGE_BYTES];
    while stream.read_exact(&mut message).is_ok() {
        stream.write_all(&message)?;
    }
    Ok(())
}

/// Prints what `count` round trips cost.
fn ask(mut stream: impl Read + Write, count: usize) -> std::io::Result<()> {
    let mut message = [7u8; MESSAGE_BYTES];
    let mut samples = Vec::with_capacity(count / BATCH + 1);
    let mut round_trip = |stream: &mut dyn ReadWrite| -> std::io::Result<()> {
        stream.write_all(&message)?;
        stream.read_exact(&mut message)
    };
    for _ in 0..100 {
        round_trip(&mut stream)?;
    }
    let whole = Instant::now();
    for _ in 0..count.div_ceil(BATCH) {
        let began = Instant::now();
        for _ in 0..BATCH {
            round_trip(&mut stream)?;
        }
        samples.push(began.elapsed().as_secs_f64() * 1e6 / BATCH as f64);
    }
    let seconds = whole.elapsed().as_secs_f64();
    samples.sort_by(f64::total_cmp);
    let at = |share: f64| {
        samples
            .get(((samples.len() - 1) as f64 * share) as usize)
            .copied()
            .unwrap_or(0.0)
    };
    println!(
        "p50 {:.3}\np99 {:.3}\nrate {:.0}",
        at(0.5),
        at(0.99),
        (samples.len() * BATCH) as f64 / seconds
    );
    Ok(())
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

fn run(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["answer-unix", path] => answer(UnixStream::connect(path)?)?,
        ["answer-tcp", address] => {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            answer(stream)?;
        }
        ["unix", count] => {
            let path = std::env::temp_dir().join(format!("pingpong-{}", std::process::id()));
            let listener = UnixListener::bind(&path)?;
            let mut child = peer("answer-unix", path.to_string_lossy().as_ref())?;
            let accepted = listener.accept();
            std::fs::remove_file(&path)?;
            ask(accepted?.0, count.parse()?)?;
            child.wait()?;
        }
        ["tcp", count] => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let mut child = peer("answer-tcp", &listener.local_addr()?.to_string())?;
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            ask(stream, count.parse()?)?;
            child.wait()?;
        }
        _ => return Err("usage: pingpong unix|tcp COUNT".into()),
    }
    Ok(())
}

fn peer(kind: &str, address: &str) -> std::io::Result<std::process::Child> {
    Command::new(std::env::current_exe()?)
        .args([kind, address])
        .stdin(Stdio::null())
        .spawn()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pingpong: {error}");
            ExitCode::FAILURE
        }
    }
}
