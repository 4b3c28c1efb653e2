//! The gate: one service thread that listens on the network, dials out, and shakes hands.
//!
//! It hands over connections whose peer is known by key, and nothing else: until the TLS handshake is done, in its time
//! and within its bytes, a stranger deals with this thread alone, and no byte of theirs reaches an interpreter. What is
//! handed over comes through a [`Mailbox`], whose eventfd the interpreter's notifier watches.
//!
//! This is the only file that names tokio.

use crate::failure::Failure;
use crate::keys::{Home, HostPolicy, PublicKey};
use crate::local::Target;
use crate::tls::{Acceptor, Dialer, client_key};
use rustix::event::EventfdFlags;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// How long a stranger may take from the first packet to the last of the handshake.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long dialing may take for each address of a host.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// The most bytes that a peer may send for a handshake. One with raw keys takes about 1 KB.
pub const HANDSHAKE_BYTES_MAX: usize = 16 << 10;

/// The most strangers at once, and the most from one address, so that one cannot keep the others out.
pub const STRANGERS_MAX: usize = 256;
/// See [`STRANGERS_MAX`].
pub const STRANGERS_PER_ADDRESS_MAX: usize = 32;

/// The most addresses of one host that are tried.
pub const ADDRESSES_MAX: usize = 8;

/// One read during a handshake, in bytes. Below rustls's own bound on what it holds, so that it takes all of it.
const READ_BYTES: usize = 4096;

/// A TLS connection starts with a handshake record.
const TLS_HANDSHAKE_RECORD: u8 = 0x16;

/// How long a refused client may take to read why.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(1);

/// A pause after an accept failed for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An authenticated connection on its way to an interpreter.
pub struct Arrival {
    /// The socket, non-blocking.
    pub socket: OwnedFd,
    /// The TLS state, its handshake done. It may hold decrypted bytes already.
    pub tls: rustls::Connection,
    /// The peer's key.
    pub key: PublicKey,
    /// The peer's address.
    pub address: SocketAddr,
}

/// What the gate tells the interpreter's thread.
pub enum Delivery {
    /// A client came in.
    Accepted(Box<Arrival>),
    /// The connection that was dialed under this number stands.
    Connected(u64, Box<Arrival>),
    /// The connection that was dialed under this number failed.
    Failed(u64, Failure),
    /// A line for the user.
    Notice(String),
}

/// The sending end of a mailbox.
#[derive(Clone)]
struct Slot {
    sender: Sender<Delivery>,
    waker: Arc<OwnedFd>,
}

impl Slot {
    fn put(&self, delivery: Delivery) {
        // A mailbox that is gone means that the interpreter is; its connections close as they are dropped.
        if self.sender.send(delivery).is_ok() {
            let _ = rustix::io::write(&self.waker, &1u64.to_ne_bytes());
        }
    }
}

/// Where deliveries arrive on the interpreter's thread.
pub struct Mailbox {
    receiver: Receiver<Delivery>,
    waker: Arc<OwnedFd>,
}

impl Mailbox {
    /// Becomes readable when something arrives.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }

    /// Everything that has arrived.
    pub fn take(&self) -> Vec<Delivery> {
        let mut count = [0u8; 8];
        let _ = rustix::io::read(&self.waker, &mut count);
        let mut deliveries = Vec::new();
        loop {
            match self.receiver.try_recv() {
                Ok(delivery) => deliveries.push(delivery),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return deliveries,
            }
        }
    }
}

/// What the interpreter's thread asks of the gate.
enum Order {
    Listen(std::net::TcpListener, Arc<Acceptor>),
    Close,
    Dial {
        number: u64,
        host: String,
        port: u16,
        policy: HostPolicy,
    },
}

/// The handle of the service thread. Dropping it ends the thread and every handshake under way.
pub struct Gate {
    orders: UnboundedSender<Order>,
    home: Home,
}

impl Gate {
    /// Starts the service thread, with keys from `home`.
    pub fn start(home: Home) -> io::Result<(Gate, Mailbox)> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let waker = Arc::new(rustix::event::eventfd(0, flags)?);
        let (sender, receiver) = std::sync::mpsc::channel();
        let slot = Slot {
            sender,
            waker: Arc::clone(&waker),
        };
        let (orders, order_queue) = tokio::sync::mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let thread_home = home.clone();
        let thread = std::thread::Builder::new().name("remex-gate".into());
        thread.spawn(move || runtime.block_on(serve(order_queue, slot, thread_home)))?;
        Ok((Gate { orders, home }, Mailbox { receiver, waker }))
    }

    /// Listens at `host` and `port`, in place of where it listened before. Returns the address, with the port that the
    /// system chose if `port` is 0.
    ///
    /// Errors: [`Failure::Unreachable`], [`Failure::Keys`].
    pub fn listen(&self, host: &str, port: u16) -> Result<SocketAddr, Failure> {
        let identity = self.home.identity().map_err(keys_failure)?;
        let acceptor = Acceptor::new(&self.home, &identity)
            .map_err(|error| Failure::Keys(error.to_string()))?;
        let bind = || -> io::Result<(std::net::TcpListener, SocketAddr)> {
            let listener = std::net::TcpListener::bind((host, port))?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = bind().map_err(|error| {
            let target = Target::Address {
                host: host.to_string(),
                port,
            }
            .to_string();
            Failure::Target(format!("couldn't listen at \"{target}\": {error}"))
        })?;
        let _ = self
            .orders
            .send(Order::Listen(listener, Arc::new(acceptor)));
        Ok(address)
    }

    /// Listens no longer. Connections that were handed over are not touched.
    pub fn close(&self) {
        let _ = self.orders.send(Order::Close);
    }

    /// Connects to a remex endpoint; [`Delivery::Connected`] or [`Delivery::Failed`] will come with `number`.
    pub fn dial(&self, number: u64, host: &str, port: u16, policy: HostPolicy) {
        let _ = self.orders.send(Order::Dial {
            number,
            host: host.to_string(),
            port,
            policy,
        });
    }
}

fn keys_failure(error: crate::keys::KeysError) -> Failure {
    Failure::Keys(error.to_string())
}

/// The service thread's whole life: it ends when its handle is dropped.
async fn serve(mut orders: UnboundedReceiver<Order>, slot: Slot, home: Home) {
    let mut listening: Option<tokio::task::JoinHandle<()>> = None;
    while let Some(order) = orders.recv().await {
        match order {
            Order::Listen(listener, acceptor) => {
                if let Some(task) = listening.take() {
                    task.abort();
                }
                listening = Some(tokio::spawn(listen(listener, acceptor, slot.clone())));
            }
            Order::Close => {
                if let Some(task) = listening.take() {
                    task.abort();
                }
            }
            Order::Dial {
                number,
                host,
                port,
                policy,
            } => {
                let (slot, home) = (slot.clone(), home.clone());
                tokio::spawn(async move {
                    match dial(&home, &host, port, policy, &slot).await {
                        Ok(arrival) => slot.put(Delivery::Connected(number, Box::new(arrival))),
                        Err(failure) => slot.put(Delivery::Failed(number, failure)),
                    }
                });
            }
        }
    }
}

/// How many strangers there are, in all and by address.
#[derive(Default)]
struct Strangers {
    count: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A stranger's place; dropping it frees it.
struct Place {
    strangers: Arc<Mutex<Strangers>>,
    address: IpAddr,
}

impl Place {
    /// A place for one more from `address`, if there is one.
    fn take(strangers: &Arc<Mutex<Strangers>>, address: IpAddr) -> Option<Place> {
        let mut all = strangers.lock().ok()?;
        if all.count >= STRANGERS_MAX
            || all
                .by_address
                .get(&address)
                .is_some_and(|n| *n >= STRANGERS_PER_ADDRESS_MAX)
        {
            return None;
        }
        all.count += 1;
        *all.by_address.entry(address).or_default() += 1;
        Some(Place {
            strangers: Arc::clone(strangers),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Ok(mut all) = self.strangers.lock() else {
            return;
        };
        all.count -= 1;
        if let Some(count) = all.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                all.by_address.remove(&self.address);
            }
        }
    }
}

/// Accepts clients until the task is aborted. Those beyond the bounds are closed at once.
async fn listen(listener: std::net::TcpListener, acceptor: Arc<Acceptor>, slot: Slot) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let strangers = Arc::new(Mutex::new(Strangers::default()));
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let Some(place) = Place::take(&strangers, address.ip()) else {
                    continue;
                };
                tokio::spawn(admit(
                    stream,
                    address,
                    Arc::clone(&acceptor),
                    slot.clone(),
                    place,
                ));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Shakes hands with a client and hands it over, or lets it go.
async fn admit(
    mut stream: TcpStream,
    address: SocketAddr,
    acceptor: Arc<Acceptor>,
    slot: Slot,
    place: Place,
) {
    let Ok(connection) = acceptor.connection() else {
        return;
    };
    let mut tls = rustls::Connection::Server(connection);
    let result = tokio::time::timeout(HANDSHAKE_TIME_MAX, handshake(&mut stream, &mut tls)).await;
    if !matches!(result, Ok(Ok(()))) {
        if let Some(refused) = acceptor.take_refused() {
            slot.put(Delivery::Notice(refused_line(address, refused)));
        }
        let _ = tokio::time::timeout(FAREWELL_TIME_MAX, see_off(stream)).await;
        return;
    }
    drop(place);
    let rustls::Connection::Server(server) = &tls else {
        return;
    };
    // The verifier lets nobody in without a key; without one there is nothing to hand over.
    let Some(key) = client_key(server) else {
        return;
    };
    let Ok(socket) = stream.into_std() else {
        return;
    };
    slot.put(Delivery::Accepted(Box::new(Arrival {
        socket: socket.into(),
        tls,
        key,
        address,
    })));
}

/// Lets a refused client read the alert that says why: closing a socket with unread bytes would reset the connection.
async fn see_off(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut left_bytes = HANDSHAKE_BYTES_MAX;
    let mut buffer = [0u8; READ_BYTES];
    while left_bytes > 0 && stream.readable().await.is_ok() {
        match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => left_bytes = left_bytes.saturating_sub(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

fn refused_line(address: SocketAddr, refused: Result<PublicKey, crate::keys::KeysError>) -> String {
    let address = address.ip();
    match refused {
        Ok(key) => format!(
            "refused a client from {address} with the unknown key {}. To let it in, run:\n    \
             remex keys authorize {key} {address}",
            key.fingerprint()
        ),
        Err(error) => format!("refused a client from {address}: {error}"),
    }
}

/// Connects to a server, holds its key against the record, and shows ours.
async fn dial(
    home: &Home,
    host: &str,
    port: u16,
    policy: HostPolicy,
    slot: &Slot,
) -> Result<Arrival, Failure> {
    let target = Target::Address {
        host: host.to_string(),
        port,
    }
    .to_string();
    let unreachable = |reason: String| Failure::Unreachable {
        target: target.clone(),
        reason,
    };
    let identity = home.identity().map_err(keys_failure)?;
    let mut stream = connect(host, port).await.map_err(unreachable)?;
    let mut dialer = Dialer::new(home, &identity, &target, policy)
        .map_err(|error| unreachable(error.to_string()))?;
    let mut tls = rustls::Connection::Client(dialer.take_connection().ok_or(Failure::Interrupted)?);
    let result = tokio::time::timeout(HANDSHAKE_TIME_MAX, handshake(&mut stream, &mut tls)).await;
    if let Some(refusal) = dialer.refusal() {
        return Err(Failure::HostKey(refusal.to_string()));
    }
    match result {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => return Err(unreachable(reason)),
        Err(_) => {
            return Err(unreachable(format!(
                "no handshake within {} s",
                HANDSHAKE_TIME_MAX.as_secs()
            )));
        }
    }
    let (key, notice) = dialer.accept().map_err(keys_failure)?;
    if let Some(line) = notice {
        slot.put(Delivery::Notice(line));
    }
    let key = key.ok_or_else(|| unreachable("the server showed no key".into()))?;
    let handed = stream
        .peer_addr()
        .and_then(|address| Ok((stream.into_std()?, address)));
    let (socket, address) = handed.map_err(|error| unreachable(error.to_string()))?;
    Ok(Arrival {
        socket: socket.into(),
        tls,
        key,
        address,
    })
}

/// A TCP connection to the first address of `host` that takes one.
async fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    let found = tokio::time::timeout(CONNECT_TIME_MAX, tokio::net::lookup_host((host, port))).await;
    let addresses = match found {
        Ok(Ok(addresses)) => addresses.take(ADDRESSES_MAX),
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("the host's name could not be looked up in time".into()),
    };
    let mut reason = "the host has no address".to_string();
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => reason = system_words(&error),
            Err(_) => reason = format!("no connection within {} s", CONNECT_TIME_MAX.as_secs()),
        }
    }
    Err(reason)
}

/// The system's message as Tcl words it: in lower case, without a number.
fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(characters).collect()
    })
}

/// Takes a connection through its handshake, to the last byte that is to be written.
async fn handshake(stream: &mut TcpStream, tls: &mut rustls::Connection) -> Result<(), String> {
    let mut taken_bytes = 0;
    loop {
        send_pending(stream, tls).await?;
        if !tls.is_handshaking() {
            return Ok(());
        }
        let mut buffer = [0u8; READ_BYTES];
        stream.readable().await.map_err(|error| error.to_string())?;
        let count = match stream.try_read(&mut buffer) {
            Ok(0) => return Err("the peer closed the connection".into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(system_words(&error)),
        };
        if taken_bytes == 0 && buffer[0] != TLS_HANDSHAKE_RECORD {
            return Err("the peer does not speak TLS".into());
        }
        taken_bytes += count;
        if taken_bytes > HANDSHAKE_BYTES_MAX {
            return Err("the handshake is too long".into());
        }
        if let Err(error) = advance(tls, buffer.get(..count).unwrap_or_default()) {
            // The alert that says why.
            let _ = send_pending(stream, tls).await;
            return Err(error);
        }
    }
}

fn advance(tls: &mut rustls::Connection, mut bytes: &[u8]) -> Result<(), String> {
    while !bytes.is_empty() {
        tls.read_tls(&mut bytes)
            .map_err(|error| error.to_string())?;
        tls.process_new_packets()
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn send_pending(stream: &mut TcpStream, tls: &mut rustls::Connection) -> Result<(), String> {
    let mut bytes = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut bytes)
            .map_err(|error| error.to_string())?;
    }
    stream
        .write_all(&bytes)
        .await
        .map_err(|error| system_words(&error))
}
