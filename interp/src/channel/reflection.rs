//! Where a channel written in Tcl and the interpreter that runs its handler meet.
//!
//! A driver cannot run scripts: while it works, its channel is borrowed. So it *asks*: [`Reflection::ask`] notes a
//! [`Request`] and fails with an error that becomes [`ChannelError::Scripted`]. Whoever began the operation lets go of the channel,
//! takes the request with [`Channel::take_scripted`], has the handler called, gives its [`Answer`] to
//! [`Reflection::answer`], and begins the operation again, which now finds the answer. All operations of a channel can be
//! begun again so; output that has been appended already goes on with [`Channel::resume_output`]. Meanwhile the
//! handler may do with the channel what it likes.

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, SeekFrom};
use std::rc::Rc;

#[cfg(doc)]
use super::{channel::Channel, error::ChannelError};

/// What a handler can be asked to do: the methods of refchan(n) and transchan(n).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `blocking`: the channel's mode has changed.
    Blocking,
    /// `cget`: the value of an option.
    Cget,
    /// `cgetall`: all options with their values.
    CgetAll,
    /// `clear`: forget what is half transformed.
    Clear,
    /// `configure`: set an option.
    Configure,
    /// `drain`: the rest of what has been read and not returned.
    Drain,
    /// `finalize`: the channel goes.
    Finalize,
    /// `flush`: the rest of what has been written and not returned.
    Flush,
    /// `initialize`: the channel comes; says which methods there are.
    Initialize,
    /// `limit?`: how many bytes may be read from below.
    Limit,
    /// `read`: bytes for the script.
    Read,
    /// `seek`: another position.
    Seek,
    /// `watch`: which events are wanted.
    Watch,
    /// `write`: bytes from the script.
    Write,
}

/// A set of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Methods(u16);

impl Methods {
    /// Whether the method is in it.
    pub fn has(self, method: Method) -> bool {
        self.0 & (1 << method as u16) != 0
    }

    /// The set with this method too.
    pub fn with(self, method: Method) -> Methods {
        Methods(self.0 | 1 << method as u16)
    }
}

/// What a driver wants of its handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// At most this many bytes.
    Read(usize),
    /// Bytes to be written.
    Write(Vec<u8>),
    /// Another position.
    Seek(SeekFrom),
    /// Bytes from below, to be transformed for the script.
    TransformRead(Vec<u8>),
    /// Bytes from the script, to be transformed for below.
    TransformWrite(Vec<u8>),
    /// A method that has no further argument.
    Plain(Method),
}

impl Request {
    /// The method that is asked for.
    pub fn method(&self) -> Method {
        match self {
            Request::Read(_) | Request::TransformRead(_) => Method::Read,
            Request::Write(_) | Request::TransformWrite(_) => Method::Write,
            Request::Seek(_) => Method::Seek,
            Request::Plain(method) => *method,
        }
    }

    /// Whether the answer to an earlier request serves this one. Output may have grown since.
    fn is_answered_by(&self, earlier: &Request) -> bool {
        match (self, earlier) {
            (Request::Read(_), Request::Read(_)) => true,
            (Request::Write(now), Request::Write(then)) => now.starts_with(then),
            _ => self == earlier,
        }
    }
}

/// What a handler has returned.
#[derive(Debug)]
pub enum Reply {
    /// Bytes.
    Bytes(Vec<u8>),
    /// How many bytes, or which position.
    Count(u64),
    /// Nothing of interest; for `limit?`: no limit; for `write`: a failure that nobody is told of.
    Nothing,
}

/// Why a handler has not done what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// It said which of the system's errors there is.
    Errno(i32),
    /// It has thrown something, which the command layer knows.
    Thrown(Rc<dyn Any>),
    /// The driver has something to say itself.
    Message(&'static str),
}

/// What came of a request.
pub type Answer = Result<Reply, Failure>;

/// What an operation that failed with [`ChannelError::Scripted`] needs.
#[derive(Debug)]
pub enum Scripted {
    /// The handler is to be called, and the operation to be begun again.
    Request(Rc<Reflection>, Request),
    /// The operation has failed.
    Failure(Failure),
}

/// The connection between a driver and its handler.
#[derive(Debug)]
pub struct Reflection {
    methods: Methods,
    /// Whose handler it is and how it is called: the command layer's.
    owner: Rc<dyn Any>,
    /// What is to be asked.
    asked: RefCell<Option<Request>>,
    /// What has been asked and answered, until the driver comes for it: one answer a method at most, since a handler that
    /// reads may write to the same channel.
    answered: RefCell<Vec<(Request, Answer)>>,
    /// Why the operation in progress cannot go on.
    failure: RefCell<Option<Failure>>,
}

impl Reflection {
    /// A connection to a handler with these methods. `owner` is for the command layer.
    pub fn new(owner: Rc<dyn Any>, methods: Methods) -> Rc<Reflection> {
        Rc::new(Reflection {
            methods,
            owner,
            asked: RefCell::default(),
            answered: RefCell::default(),
            failure: RefCell::default(),
        })
    }

    /// Whether the handler has a method.
    pub fn has(&self, method: Method) -> bool {
        self.methods.has(method)
    }

    /// What the command layer has given to [`Reflection::new`].
    pub fn owner(&self) -> &Rc<dyn Any> {
        &self.owner
    }

    /// The reply to a request. Errors: the request has yet to be answered, or the answer was a failure.
    pub(super) fn ask(&self, request: Request) -> io::Result<Reply> {
        let method = request.method();
        match self.take_answer(method) {
            Some((earlier, answer)) if request.is_answered_by(&earlier) => match answer {
                Ok(reply) => Ok(reply),
                Err(Failure::Errno(errno)) => Err(io::Error::from_raw_os_error(errno)),
                Err(failure) => Err(self.fail(failure)),
            },
            _ => {
                self.asked.replace(Some(request));
                Err(io::Error::other(NeedsScript))
            }
        }
    }

    fn take_answer(&self, method: Method) -> Option<(Request, Answer)> {
        let mut answered = self.answered.borrow_mut();
        let index = answered
            .iter()
            .position(|(request, _)| request.method() == method)?;
        Some(answered.swap_remove(index))
    }

    /// The error that ends an operation with a failure.
    pub(super) fn fail(&self, failure: Failure) -> io::Error {
        self.failure.replace(Some(failure));
        io::Error::other(NeedsScript)
    }

    /// Whether a failure waits to be told.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    /// Gives the answer to a request.
    pub fn answer(&self, request: Request, answer: Answer) {
        self.take_answer(request.method());
        self.answered.borrow_mut().push((request, answer));
    }

    /// What the driver has left for the command layer.
    pub(super) fn take(self: &Rc<Reflection>) -> Option<Scripted> {
        if let Some(failure) = self.failure.take() {
            return Some(Scripted::Failure(failure));
        }
        let request = self.asked.take()?;
        Some(Scripted::Request(Rc::clone(self), request))
    }
}

/// The payload of the error that says that a handler is to be called.
#[derive(Debug)]
struct NeedsScript;

impl std::fmt::Display for NeedsScript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the channel's handler cannot be called here")
    }
}

impl std::error::Error for NeedsScript {}

/// Whether the error stands for [`ChannelError::Scripted`].
pub(super) fn needs_script(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|payload| payload.is::<NeedsScript>())
}
