//! TCP connections and listeners.
//!
//! Their descriptors never block: a channel that blocks waits above them, where an interrupt can end the wait.

use std::any::Any;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::net::{
    self, AddressFamily as NetFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType,
    sockopt,
};

use super::Translation;
use super::channel::Channel;
use super::driver::{Direction, Driver, OptionValue, Side};
use super::errno::Errno;
use super::error::ChannelError;
use super::wait;

/// How many connections may wait to be accepted: tclsh's own number is the system's maximum, and so is this.
const BACKLOG: i32 = 4096;

/// Most addresses of one host name that are tried.
const ADDRESSES_MAX: usize = 64;

/// Most bytes of `/etc/hosts` and `/etc/services` that are looked through.
const NAME_FILE_BYTES_MAX: u64 = 1 << 20;

/// Which kind of addresses a host name may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressFamily {
    /// All.
    #[default]
    Any,
    /// IPv4.
    Inet,
    /// IPv6.
    Inet6,
}

impl AddressFamily {
    fn has(self, address: &SocketAddr) -> bool {
        match self {
            AddressFamily::Any => true,
            AddressFamily::Inet => address.is_ipv4(),
            AddressFamily::Inet6 => address.is_ipv6(),
        }
    }
}

/// What `socket` says about a connection to be made.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// Host name or address.
    pub host: String,
    /// Port number or service name.
    pub port: String,
    /// The local address, `-myaddr`.
    pub local_host: Option<String>,
    /// The local port, `-myport`.
    pub local_port: Option<String>,
    /// Return before the connection is made, `-async`.
    pub is_async: bool,
    /// The addresses to be considered.
    pub family: AddressFamily,
}

/// What `socket -server` says about a listener.
#[derive(Debug, Clone, Default)]
pub struct ListenOptions {
    /// The local address, `-myaddr`; none means all.
    pub local_host: Option<String>,
    /// Port number or service name; 0 lets the system choose.
    pub port: String,
    /// The addresses to be considered.
    pub family: AddressFamily,
}

/// A connection that a listener has taken.
#[derive(Debug)]
pub struct Accepted {
    /// Its channel, with tclsh's settings and a name of its own.
    pub channel: Channel,
    /// The peer's address, as digits.
    pub address: String,
    /// The peer's port.
    pub port: u16,
}

/// A number for the next socket's name. tclsh uses an address there; anything unique will do.
static NEXT_NAME: AtomicU64 = AtomicU64::new(1);

fn socket_name() -> String {
    format!(
        "sock{:012x}",
        NEXT_NAME.fetch_add(1, Ordering::Relaxed) << 4
    )
}

fn cannot_open(errno: impl Into<Errno>) -> ChannelError {
    ChannelError::posix("couldn't open socket", errno.into())
}

/// A port number from digits or from `/etc/services`. Errors: Tcl's texts.
pub fn port_number(text: &str) -> Result<u16, ChannelError> {
    let trimmed = text.trim();
    if let Ok(number) = trimmed.parse::<i64>() {
        return match u16::try_from(number) {
            Ok(port) => Ok(port),
            Err(_) if number > 0 => Err(ChannelError::message(
                "couldn't open socket: port number too high",
            )),
            Err(_) => Err(ChannelError::message(
                "couldn't open socket: Servname not supported for ai_socktype",
            )),
        };
    }
    service_port(trimmed).ok_or_else(|| {
        ChannelError::coded(
            format!("expected integer but got \"{text}\""),
            &["TCL", "VALUE", "INTEGER"],
        )
    })
}

fn name_file(path: &str) -> String {
    use std::io::Read;
    let mut text = String::new();
    if let Ok(file) = std::fs::File::open(path) {
        // A file that cannot be read names nothing.
        let _ = file.take(NAME_FILE_BYTES_MAX).read_to_string(&mut text);
    }
    text
}

/// The words of each line of such a file, comments left out.
fn name_lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| {
        line.split('#')
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace()
            .collect()
    })
}

fn service_port(name: &str) -> Option<u16> {
    let text = name_file("/etc/services");
    name_lines(&text).find_map(|words| {
        let (port, protocol) = words.get(1)?.split_once('/')?;
        let is_it = words
            .iter()
            .enumerate()
            .any(|(index, word)| index != 1 && *word == name);
        if protocol == "tcp" && is_it {
            port.parse().ok()
        } else {
            None
        }
    })
}

/// The name of an address by `/etc/hosts`, else its digits. The network is not asked: a peer's name server could hold
/// up the whole interpreter.
fn host_name(address: IpAddr) -> String {
    let text = name_file("/etc/hosts");
    let named = name_lines(&text).find_map(|words| {
        let (first, names) = words.split_first()?;
        if first.parse() == Ok(address) {
            names.first().map(|name| (*name).to_owned())
        } else {
            None
        }
    });
    named.unwrap_or_else(|| address.to_string())
}

/// All addresses of a host. Errors: the resolver's words, which have no error number.
fn resolve(host: &str, port: u16, family: AddressFamily) -> Result<Vec<SocketAddr>, ChannelError> {
    let found = (host, port).to_socket_addrs().map_err(|error| {
        let text = error.to_string();
        let words = text
            .strip_prefix("failed to lookup address information: ")
            .unwrap_or(&text);
        ChannelError::message(format!("couldn't open socket: {words}"))
    })?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found.take(ADDRESSES_MAX) {
        if family.has(&address) && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        let reason = if host.parse::<IpAddr>().is_ok() {
            "Address family for hostname not supported"
        } else {
            "Name or service not known"
        };
        return Err(ChannelError::message(format!(
            "couldn't open socket: {reason}"
        )));
    }
    Ok(addresses)
}

fn new_socket(address: &SocketAddr) -> Result<OwnedFd, rustix::io::Errno> {
    let family = if address.is_ipv4() {
        NetFamily::INET
    } else {
        NetFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    net::socket_with(family, SocketType::STREAM, flags, None)
}

/// An IPv4 peer of a socket that takes both kinds comes with an address of the other kind.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// `-peername` or `-sockname` of a connection; None for other options.
pub(super) fn address_option(
    socket: Result<BorrowedFd<'_>, rustix::io::Errno>,
    name: &str,
) -> Result<Option<OptionValue>, ChannelError> {
    let found = match name {
        "-peername" => socket
            .and_then(net::getpeername)
            .and_then(|found| found.ok_or(rustix::io::Errno::NOTCONN)),
        "-sockname" => socket.and_then(net::getsockname),
        _ => return Ok(None),
    };
    match found {
        Ok(address) => {
            Ok(socket_addr(address).map(|address| OptionValue::List(address_words(address))))
        }
        Err(errno) => Err(ChannelError::posix(
            format_args!("can't get {}", name.trim_start_matches('-')),
            errno.into(),
        )),
    }
}

/// Whether the descriptor is a socket of the internet's.
pub(super) fn is_internet(socket: BorrowedFd<'_>) -> bool {
    net::getsockname(socket).is_ok_and(|address| SocketAddr::try_from(address).is_ok())
}

fn socket_addr(address: net::SocketAddrAny) -> Option<SocketAddr> {
    SocketAddr::try_from(address).ok().map(plain)
}

fn address_words(address: SocketAddr) -> Vec<String> {
    let digits = address.ip().to_string();
    let name = if address.ip().is_unspecified() {
        digits.clone()
    } else {
        host_name(address.ip())
    };
    vec![digits, name, address.port().to_string()]
}

/// Makes a connection. Unless `is_async`, waits until it stands.
///
/// Errors: `couldn't open socket: …`. Source: socket(n).
pub fn connect(options: &ConnectOptions) -> Result<Channel, ChannelError> {
    let port = port_number(&options.port)?;
    let local = match (&options.local_host, &options.local_port) {
        (None, None) => Vec::new(),
        (host, local_port) => {
            let local_port = local_port.as_deref().map_or(Ok(0), port_number)?;
            match host {
                Some(host) => resolve(host, local_port, options.family)?,
                None => vec![
                    SocketAddr::from(([0, 0, 0, 0], local_port)),
                    SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), local_port),
                ],
            }
        }
    };
    let mut pending = resolve(&options.host, port, options.family)?;
    pending.reverse();
    let mut driver = TcpDriver {
        fd: None,
        pending,
        local,
        state: Connection::InProgress,
        error: None,
    };
    driver.try_next(rustix::io::Errno::HOSTUNREACH)?;
    if !options.is_async {
        driver.wait_until_connected()?;
    }
    Ok(socket_channel(driver))
}

fn socket_channel(driver: TcpDriver) -> Channel {
    let mut channel = Channel::new(socket_name(), Box::new(driver), true, true);
    channel.set_translation_modes(Translation::Auto, Translation::CrLf);
    channel
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    InProgress,
    Made,
    /// It failed; `-error` tells why once.
    Failed,
}

/// One TCP connection.
#[derive(Debug)]
pub struct TcpDriver {
    /// Absent once closed.
    fd: Option<OwnedFd>,
    /// Addresses of the host that have not been tried, the next one last.
    pending: Vec<SocketAddr>,
    /// Local addresses to bind to; the first of the right kind is taken.
    local: Vec<SocketAddr>,
    state: Connection,
    /// Why it failed, until somebody has been told.
    error: Option<Errno>,
}

/// A socket that has begun to connect, and whether that is done already.
#[derive(Debug)]
struct Attempt(OwnedFd, bool);

impl TcpDriver {
    /// A connection that stands already, for instance one that the network gate hands over.
    pub fn connected(fd: OwnedFd) -> io::Result<TcpDriver> {
        super::fd::set_fd_blocking(fd.as_fd(), false)?;
        Ok(TcpDriver {
            fd: Some(fd),
            pending: Vec::new(),
            local: Vec::new(),
            state: Connection::Made,
            error: None,
        })
    }

    fn socket(&self) -> Result<&OwnedFd, rustix::io::Errno> {
        self.fd.as_ref().ok_or(rustix::io::Errno::BADF)
    }

    /// Starts to connect to the next address that lets itself be tried. Errors: none is left; `last` says why.
    fn try_next(&mut self, last: rustix::io::Errno) -> Result<(), ChannelError> {
        let mut last = last;
        while let Some(address) = self.pending.pop() {
            match self.attempt(&address) {
                // No local address of that kind: not even tried.
                Err(rustix::io::Errno::AFNOSUPPORT) => {}
                Ok(Attempt(fd, is_made)) => {
                    self.fd = Some(fd);
                    self.state = if is_made {
                        Connection::Made
                    } else {
                        Connection::InProgress
                    };
                    return Ok(());
                }
                Err(errno) => last = errno,
            }
        }
        self.state = Connection::Failed;
        self.error = Some(last.into());
        Err(cannot_open(last))
    }

    fn attempt(&self, address: &SocketAddr) -> Result<Attempt, rustix::io::Errno> {
        let fd = new_socket(address)?;
        if !self.local.is_empty() {
            let same_kind = self
                .local
                .iter()
                .find(|local| local.is_ipv4() == address.is_ipv4());
            let local = same_kind.ok_or(rustix::io::Errno::AFNOSUPPORT)?;
            sockopt::set_socket_reuseaddr(&fd, true)?;
            net::bind(&fd, local)?;
        }
        match net::connect(&fd, address) {
            Ok(()) => Ok(Attempt(fd, true)),
            Err(rustix::io::Errno::INPROGRESS) => Ok(Attempt(fd, false)),
            Err(errno) => Err(errno),
        }
    }

    fn wait_until_connected(&mut self) -> Result<(), ChannelError> {
        while self.state == Connection::InProgress {
            wait::wait_writable(self.socket()?.as_fd()).map_err(|_| ChannelError::Interrupted)?;
            self.advance()?;
        }
        Ok(())
    }

    /// Looks whether the attempt in progress has ended; goes on to the next address if it failed. Errors: all failed.
    fn advance(&mut self) -> Result<(), ChannelError> {
        let fd = self.socket()?;
        match sockopt::socket_error(fd)? {
            Err(errno) => self.try_next(errno),
            Ok(()) => {
                if net::getpeername(fd).is_ok() {
                    self.state = Connection::Made;
                    self.pending.clear();
                }
                Ok(())
            }
        }
    }

    /// Whether bytes can move. Errors: `WouldBlock` while connecting, `ENOTCONN` after that failed.
    fn ready(&mut self) -> io::Result<()> {
        match self.state {
            Connection::Made => return Ok(()),
            Connection::Failed => return Err(rustix::io::Errno::NOTCONN.into()),
            Connection::InProgress => {}
        }
        if !self.finish_connecting()? {
            return Err(rustix::io::Errno::AGAIN.into());
        }
        Ok(())
    }

    /// The error that `-error` shows; asking forgets it.
    fn take_error(&mut self) -> Option<Errno> {
        if self.state == Connection::InProgress {
            // The failure is kept in `error`.
            let _ = self.advance();
        }
        if let Some(errno) = self.error.take() {
            return Some(errno);
        }
        match sockopt::socket_error(self.fd.as_ref()?) {
            Ok(Err(errno)) => Some(errno.into()),
            _ => None,
        }
    }
}

impl Driver for TcpDriver {
    fn kind(&self) -> &'static str {
        "tcp"
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.ready()?;
        let (count, _) = net::recv(self.socket()?, into, RecvFlags::empty())?;
        Ok(count)
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.ready()?;
        Ok(net::send(self.socket()?, from, SendFlags::NOSIGNAL)?)
    }

    fn close(&mut self, side: Side) -> Result<(), ChannelError> {
        let Some(fd) = &self.fd else { return Ok(()) };
        match side {
            Side::Both => self.fd = None,
            Side::Read => net::shutdown(fd, Shutdown::Read)?,
            Side::Write => net::shutdown(fd, Shutdown::Write)?,
        }
        Ok(())
    }

    fn can_half_close(&self) -> bool {
        true
    }

    fn fd(&self, _direction: Direction) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd)
    }

    fn set_blocking(&mut self, _blocking: bool) -> io::Result<()> {
        Ok(())
    }

    fn option_names(&self) -> &'static [&'static str] {
        &["-connecting", "-peername", "-sockname"]
    }

    fn hidden_option_names(&self) -> &'static [&'static str] {
        &["-error"]
    }

    fn option(&mut self, name: &str) -> Result<Option<OptionValue>, ChannelError> {
        match name {
            "-connecting" => {
                if self.state == Connection::InProgress {
                    // A failure is left for `-error` to tell.
                    let _ = self.advance();
                }
                let is_connecting = self.state == Connection::InProgress;
                Ok(Some(OptionValue::Text(u8::from(is_connecting).to_string())))
            }
            "-error" => {
                let message = self.take_error().map(Errno::message).unwrap_or_default();
                Ok(Some(OptionValue::Text(message)))
            }
            _ => address_option(self.socket().map(AsFd::as_fd), name),
        }
    }

    fn finish_connecting(&mut self) -> io::Result<bool> {
        if self.state == Connection::InProgress && self.advance().is_err() {
            return Err(rustix::io::Errno::NOTCONN.into());
        }
        Ok(self.state == Connection::Made)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// Listens for connections. The channel can neither be read nor written; when it becomes readable,
/// [`TcpListenerDriver::accept`] takes what has come.
///
/// Errors: `couldn't open socket: …`. Source: socket(n).
pub fn listen(options: &ListenOptions) -> Result<Channel, ChannelError> {
    let port = port_number(&options.port)?;
    let addresses = match options.local_host.as_deref() {
        None | Some("") => {
            vec![
                SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
                SocketAddr::from(([0, 0, 0, 0], port)),
            ]
        }
        Some(host) => resolve(host, port, options.family)?,
    };
    let mut last = rustix::io::Errno::ADDRNOTAVAIL;
    let takes_both = options.family == AddressFamily::Any;
    for address in addresses
        .iter()
        .filter(|address| options.family.has(address))
    {
        match listener(address, takes_both) {
            Ok(fd) => {
                let driver = TcpListenerDriver { fd: Some(fd) };
                return Ok(Channel::new(socket_name(), Box::new(driver), false, false));
            }
            Err(errno) => last = errno,
        }
    }
    Err(cannot_open(last))
}

fn listener(address: &SocketAddr, takes_both: bool) -> Result<OwnedFd, rustix::io::Errno> {
    let fd = new_socket(address)?;
    sockopt::set_socket_reuseaddr(&fd, true)?;
    if address.is_ipv6() {
        // One descriptor for both kinds of peers.
        sockopt::set_ipv6_v6only(&fd, !(takes_both && address.ip().is_unspecified()))?;
    }
    net::bind(&fd, address)?;
    net::listen(&fd, BACKLOG)?;
    Ok(fd)
}

/// A TCP listener.
#[derive(Debug)]
pub struct TcpListenerDriver {
    /// Absent once closed.
    fd: Option<OwnedFd>,
}

impl TcpListenerDriver {
    /// The next connection that waits, if one does; never blocks. After `None` the source is drained.
    ///
    /// Errors: the system refused, for want of descriptors for instance; the connection still waits.
    pub fn accept(&mut self) -> Result<Option<Accepted>, ChannelError> {
        let Some(fd) = &self.fd else { return Ok(None) };
        loop {
            match net::acceptfrom_with(fd, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok((connection, address)) => {
                    let address = address.and_then(socket_addr);
                    let driver = TcpDriver {
                        fd: Some(connection),
                        pending: Vec::new(),
                        local: Vec::new(),
                        state: Connection::Made,
                        error: None,
                    };
                    return Ok(Some(Accepted {
                        channel: socket_channel(driver),
                        address: address
                            .map(|address| address.ip().to_string())
                            .unwrap_or_default(),
                        port: address.map_or(0, |address| address.port()),
                    }));
                }
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                // The peer went away before it was taken.
                Err(rustix::io::Errno::CONNABORTED | rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// The port it listens on.
    pub fn port(&self) -> Option<u16> {
        let fd = self.fd.as_ref()?;
        socket_addr(net::getsockname(fd).ok()?).map(|address| address.port())
    }
}

impl Driver for TcpListenerDriver {
    fn kind(&self) -> &'static str {
        "tcp"
    }

    fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
        Err(rustix::io::Errno::NOTCONN.into())
    }

    fn write(&mut self, _from: &[u8]) -> io::Result<usize> {
        Err(rustix::io::Errno::NOTCONN.into())
    }

    fn close(&mut self, _side: Side) -> Result<(), ChannelError> {
        self.fd = None;
        Ok(())
    }

    fn fd(&self, _direction: Direction) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd)
    }

    fn set_blocking(&mut self, _blocking: bool) -> io::Result<()> {
        Ok(())
    }

    fn option_names(&self) -> &'static [&'static str] {
        &["-connecting", "-peername", "-sockname"]
    }

    fn hidden_option_names(&self) -> &'static [&'static str] {
        &["-error"]
    }

    fn option(&mut self, name: &str) -> Result<Option<OptionValue>, ChannelError> {
        let Some(fd) = &self.fd else { return Ok(None) };
        match name {
            "-connecting" => Ok(Some(OptionValue::Text("0".to_owned()))),
            "-error" => Ok(Some(OptionValue::Text(String::new()))),
            "-peername" => Err(ChannelError::posix(
                "can't get peername",
                rustix::io::Errno::NOTCONN.into(),
            )),
            _ => {
                let Ok(address) = SocketAddr::try_from(net::getsockname(fd)?) else {
                    return Ok(None);
                };
                let mut words = Vec::new();
                if address.is_ipv6() && address.ip().is_unspecified() && !sockopt::ipv6_v6only(fd)?
                {
                    words = address_words(SocketAddr::from(([0, 0, 0, 0], address.port())));
                }
                words.extend(address_words(address));
                Ok(Some(OptionValue::List(words)))
            }
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
