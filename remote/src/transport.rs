//! An established connection, on the interpreter's own thread: a Unix socket, or TCP with TLS above it.
//!
//! Nothing here waits. A read is one system call and so, as a rule, is a write; when to do either is the node's
//! decision. Sockets are used with `MSG_DONTWAIT`, whatever their own mode.

use crate::session::Output;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::io::{self, BufRead, IoSlice, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;
use thiserror::Error;

/// How much one read takes at most, in bytes. A frame of 64 KB comes whole.
pub const READ_BYTES_MAX: usize = 256 << 10;

/// How much encrypted text may wait within TLS, in bytes: as much again as the kernel usually takes at once.
const TLS_BUFFER_BYTES_MAX: usize = 256 << 10;

/// A host that vanished without a word is noticed after a minute: 30 s without traffic, then 3 questions 10 s apart.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_COUNT: u32 = 3;

/// The same for a host that vanished while something was being written to it, in milliseconds.
const UNACKNOWLEDGED_MS_MAX: u32 = 60_000;

/// Why a connection is over.
#[derive(Debug, Error)]
pub enum TransportError {
    /// The peer closed it.
    #[error("end of file")]
    Ended,
    /// The system says so.
    #[error("{0}")]
    System(#[from] io::Error),
    /// TLS says so.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    /// The one who was given the bytes did not like them.
    #[error("{0}")]
    Protocol(#[from] crate::protocol::ProtocolError),
}

/// A connection that is ready for use: authenticated, and above its handshake.
pub struct Transport {
    socket: OwnedFd,
    tls: Option<Box<rustls::Connection>>,
}

impl Transport {
    /// A connection within this host.
    pub fn local(socket: OwnedFd) -> Transport {
        Transport { socket, tls: None }
    }

    /// A connection over the network, whose handshake is done.
    ///
    /// Errors: the socket refuses an option, which only a dead one does.
    pub fn network(socket: OwnedFd, mut tls: rustls::Connection) -> io::Result<Transport> {
        use rustix::net::sockopt;
        sockopt::set_tcp_nodelay(&socket, true)?;
        sockopt::set_socket_keepalive(&socket, true)?;
        sockopt::set_tcp_keepidle(&socket, KEEPALIVE_IDLE)?;
        sockopt::set_tcp_keepintvl(&socket, KEEPALIVE_INTERVAL)?;
        sockopt::set_tcp_keepcnt(&socket, KEEPALIVE_COUNT)?;
        sockopt::set_tcp_user_timeout(&socket, UNACKNOWLEDGED_MS_MAX)?;
        tls.set_buffer_limit(Some(TLS_BUFFER_BYTES_MAX));
        Ok(Transport {
            socket,
            tls: Some(Box::new(tls)),
        })
    }

    /// The socket, for a notifier.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Reads once, and gives what came to `take`, in one piece or several.
    ///
    /// * `buffer`: [`READ_BYTES_MAX`] bytes of room that callers share.
    ///
    /// Returns the number of bytes that came from the socket; 0 means that none are there now.
    /// Errors: the connection is over.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]) -> Result<(), TransportError>,
    ) -> Result<usize, TransportError> {
        let count = match rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((_, 0)) => return Err(TransportError::Ended),
            Ok((_, count)) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
            Err(error) => return Err(TransportError::System(error.into())),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        match &mut self.tls {
            None => take(bytes)?,
            Some(tls) => {
                if let Err(error) = decrypt(tls, bytes, &mut take) {
                    // The peer should learn why, if there is room to say it.
                    let _ = tls.write_tls(&mut Socket(self.socket.as_fd()));
                    return Err(error);
                }
            }
        }
        Ok(count)
    }

    /// Gives `take` what TLS has decrypted and nobody has taken: what came in one piece with the handshake's end.
    pub fn drain(
        &mut self,
        take: impl FnMut(&[u8]) -> Result<(), TransportError>,
    ) -> Result<(), TransportError> {
        match &mut self.tls {
            Some(tls) => decrypted(tls, take),
            None => Ok(()),
        }
    }

    /// Writes as much of `output` as the socket takes. Returns whether that was everything.
    pub fn write(&mut self, output: &mut Output) -> Result<bool, TransportError> {
        match &mut self.tls {
            None => {
                while !output.pending().is_empty() {
                    match Socket(self.socket.as_fd()).write(output.pending()) {
                        Ok(count) => output.consume(count),
                        Err(error) => return blocked(error),
                    }
                }
                Ok(true)
            }
            Some(tls) => loop {
                let count = tls.writer().write(output.pending())?;
                output.consume(count);
                while tls.wants_write() {
                    if let Err(error) = tls.write_tls(&mut Socket(self.socket.as_fd())) {
                        return blocked(error);
                    }
                }
                if output.pending().is_empty() {
                    return Ok(true);
                }
            },
        }
    }

    /// Whether TLS holds bytes that the socket would not take.
    pub fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Tells a TLS peer that this is the end, as far as that goes without waiting.
    pub fn close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut Socket(self.socket.as_fd()));
        }
    }
}

/// A write that would have had to wait is no error.
fn blocked(error: io::Error) -> Result<bool, TransportError> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
        _ => Err(TransportError::System(error)),
    }
}

/// Feeds `bytes` to TLS and what comes out to `take`.
fn decrypt(
    tls: &mut rustls::Connection,
    mut bytes: &[u8],
    take: &mut impl FnMut(&[u8]) -> Result<(), TransportError>,
) -> Result<(), TransportError> {
    while !bytes.is_empty() {
        tls.read_tls(&mut bytes)?;
        let state = tls.process_new_packets()?;
        if state.plaintext_bytes_to_read() > 0 {
            decrypted(tls, &mut *take)?;
        }
        if state.peer_has_closed() {
            return Err(TransportError::Ended);
        }
    }
    Ok(())
}

/// Gives `take` all that is decrypted.
fn decrypted(
    tls: &mut rustls::Connection,
    mut take: impl FnMut(&[u8]) -> Result<(), TransportError>,
) -> Result<(), TransportError> {
    loop {
        let mut reader = tls.reader();
        let count = match reader.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(bytes) => {
                take(bytes)?;
                bytes.len()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(TransportError::System(error)),
        };
        reader.consume(count);
    }
}

/// A socket as TLS and this file write to it: never waiting, never raising SIGPIPE.
struct Socket<'a>(BorrowedFd<'a>);

const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self.0, bytes, SEND_FLAGS)?)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match parts {
            // One record is the usual case, and the simpler call the cheaper.
            [part] => self.write(part),
            _ => {
                let mut control = rustix::net::SendAncillaryBuffer::default();
                Ok(rustix::net::sendmsg(
                    self.0,
                    parts,
                    &mut control,
                    SEND_FLAGS,
                )?)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
