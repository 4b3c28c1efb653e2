//! `fileevent`, and everything else that the event loop does with channels: accepting connections, copying in the
//! background, sending what a channel that does not block could not send at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::copy::BackgroundCopy;
use super::scripted::{finish_output, sync_watch, with_handlers};
use super::{channels_of, close_channel};
use crate::channel::{Channel, ChannelError, SharedChannel, Side, TcpListenerDriver};
use crate::commands::option;
use crate::event::{ChannelWatch, Interest, SourceId};
use crate::runtime::events::SourceCallback;
use crate::runtime::{CommandResult, Context, Exception, Interp, done, done_empty};
use crate::value::Value;

/// The channels that the event loop knows, by name.
#[derive(Default)]
pub(crate) struct Handlers {
    by_name: RefCell<HashMap<Box<str>, Rc<Handler>, RandomState>>,
}

impl Handlers {
    /// Whether there is any, so that most commands need not look further.
    #[inline]
    pub(super) fn is_any(&self) -> bool {
        !self.by_name.borrow().is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.borrow().contains_key(name)
    }

    fn get(&self, name: &str) -> Option<Rc<Handler>> {
        self.by_name.borrow().get(name).cloned()
    }
}

/// What happens to one channel when it is ready.
pub(crate) struct Handler {
    channel: SharedChannel,
    name: Value,
    watch: RefCell<ChannelWatch>,
    readable: RefCell<Option<Value>>,
    writable: RefCell<Option<Value>>,
    /// The script of `socket -server`.
    accept: RefCell<Option<Value>>,
    /// The `fcopy` that reads from this channel, and the one that writes to it.
    pub(super) copy_from: RefCell<Option<Rc<BackgroundCopy>>>,
    pub(super) copy_to: RefCell<Option<Rc<BackgroundCopy>>>,
    /// A script has closed it; it goes when its output has gone.
    is_closing: Cell<bool>,
}

impl Handler {
    fn interest(&self) -> Interest {
        let mut interest = Interest::NONE;
        if self.readable.borrow().is_some()
            || self.accept.borrow().is_some()
            || self.copy_from.borrow().is_some()
        {
            interest = interest.union(Interest::READ);
        }
        if self.writable.borrow().is_some() {
            interest = interest.union(Interest::WRITE);
        }
        interest
    }

    /// Whether nothing is wanted of the channel any more, so that the handler can go.
    fn is_idle(&self, channel: &Channel) -> bool {
        self.interest().is_empty()
            && self.copy_to.borrow().is_none()
            && !channel.is_draining()
            && !self.is_closing.get()
    }
}

/// The handler of a channel, made if there is none.
pub(super) fn handler(interp: &mut Interp, name: &Value) -> Result<Rc<Handler>, Box<Exception>> {
    let channels = channels_of(interp);
    if let Some(handler) = channels.handlers.get(&name.str()) {
        return Ok(handler);
    }
    let handler = Rc::new(Handler {
        channel: interp.find_channel(name)?,
        name: name.clone(),
        watch: RefCell::default(),
        readable: RefCell::default(),
        writable: RefCell::default(),
        accept: RefCell::default(),
        copy_from: RefCell::default(),
        copy_to: RefCell::default(),
        is_closing: Cell::new(false),
    });
    channels
        .handlers
        .by_name
        .borrow_mut()
        .insert(name.str().as_ref().into(), Rc::clone(&handler));
    Ok(handler)
}

/// Brings the event loop's registrations of a channel in line with its handler; forgets a handler that wants nothing.
pub(super) fn update(interp: &mut Interp, handler: &Rc<Handler>) -> Result<(), Box<Exception>> {
    let Ok(mut channel) = handler.channel.try_borrow_mut() else {
        return Ok(());
    };
    update_borrowed(interp, handler, &mut channel)?;
    let is_scripted = channel.is_scripted();
    drop(channel);
    if is_scripted {
        sync_watch(interp, &handler.channel);
    }
    Ok(())
}

/// The events that somebody wants of a channel's device. Input that waits in a buffer needs none.
pub(super) fn wanted(interp: &mut Interp, channel: &Channel) -> Interest {
    let channels = channels_of(interp);
    let Some(handler) = channels.handlers.get(channel.name()) else {
        return Interest::NONE;
    };
    let mut interest = handler.interest();
    if channel.is_draining() || handler.copy_to.borrow().is_some() {
        interest = interest.union(Interest::WRITE);
    }
    if channel.has_buffered_input() {
        interest = interest.without(Interest::READ);
    }
    interest
}

/// A handler says that its channel is ready: whoever waits for that is called at once.
pub(super) fn post(interp: &mut Interp, name: &str, events: Interest) {
    for (kind, is_readable) in [(Interest::READ, true), (Interest::WRITE, false)] {
        let channels = channels_of(interp);
        if events.contains(kind)
            && let Some(handler) = channels.handlers.get(name)
        {
            ready(interp, &handler, is_readable);
        }
    }
}

fn update_borrowed(
    interp: &mut Interp,
    handler: &Rc<Handler>,
    channel: &mut Channel,
) -> Result<(), Box<Exception>> {
    let interest = handler.interest();
    if handler.is_idle(channel) {
        remove(interp, handler);
        return Ok(());
    }
    let result =
        handler
            .watch
            .borrow_mut()
            .set_interest(&mut interp.events.event_loop, channel, interest);
    result.map_err(|error| Exception::error(format!("couldn't watch channel: {error}")))?;
    register(interp, handler);
    Ok(())
}

/// Makes every source of the channel call its handler.
fn register(interp: &mut Interp, handler: &Rc<Handler>) {
    let sources: Vec<SourceId> = handler.watch.borrow().sources().collect();
    for id in sources {
        let handler = Rc::downgrade(handler);
        interp
            .events
            .sources
            .entry(id)
            .or_insert_with(move || -> SourceCallback {
                Rc::new(move |interp, _, is_readable| {
                    if let Some(handler) = handler.upgrade() {
                        ready(interp, &handler, is_readable);
                    }
                })
            });
    }
}

fn remove(interp: &mut Interp, handler: &Rc<Handler>) {
    let sources: Vec<SourceId> = handler.watch.borrow().sources().collect();
    for id in sources {
        interp.events.sources.remove(&id);
    }
    handler
        .watch
        .borrow_mut()
        .end(&mut interp.events.event_loop);
    let channels = channels_of(interp);
    let mut by_name = channels.handlers.by_name.borrow_mut();
    let name = handler.name.str();
    if by_name
        .get(&*name)
        .is_some_and(|present| Rc::ptr_eq(present, handler))
    {
        by_name.remove(&*name);
    }
}

/// Tells the event loop what a command has done to a channel.
pub(super) fn settle(interp: &mut Interp, channel: &mut Channel) {
    let channels = channels_of(interp);
    let found = if channels.handlers.is_any() {
        channels.handlers.get(channel.name())
    } else {
        None
    };
    match found {
        Some(handler) => settle_handler(interp, &handler, channel),
        None if channel.is_draining() => {
            // Nobody handles its events, but the rest of its output must go out.
            let name = Value::text(channel.name());
            if let Ok(handler) = handler(interp, &name) {
                let _ = update_borrowed(interp, &handler, channel);
            }
        }
        None => {}
    }
}

fn settle_handler(interp: &mut Interp, handler: &Rc<Handler>, channel: &mut Channel) {
    // Fails only when the system cannot watch what it watches already.
    let _ = handler
        .watch
        .borrow_mut()
        .settle(&mut interp.events.event_loop, channel);
    register(interp, handler);
    if handler.is_idle(channel) {
        remove(interp, handler);
    }
}

/// Stops everything that scripts wanted of a channel that is being closed.
pub(super) fn stop_handlers(interp: &mut Interp, name: &str) {
    let channels = channels_of(interp);
    if let Some(handler) = channels.handlers.get(name) {
        if handler.readable.take().is_some() {
            // One after the other, since a channel's own handler sees it.
            let _ = update(interp, &handler);
        }
        handler.writable.take();
        handler.accept.take();
        for copy in [handler.copy_from.take(), handler.copy_to.take()]
            .into_iter()
            .flatten()
        {
            super::copy::abandon(interp, &copy);
        }
        let _ = update(interp, &handler);
    }
}

/// Whether closing the channel may have to wait for the event loop.
pub(super) fn is_pending_close(channel: &Channel) -> bool {
    !channel.is_blocking() && channel.is_writable()
}

/// Stops watching a channel, before its descriptors are closed.
pub(super) fn end_watch(interp: &mut Interp, name: &str) {
    let channels = channels_of(interp);
    if let Some(handler) = channels.handlers.get(name) {
        remove(interp, &handler);
    }
}

/// Lets the event loop close a channel when its output has gone.
pub(super) fn close_when_drained(interp: &mut Interp, name: &str) {
    let channels = channels_of(interp);
    if let Some(handler) = channels.handlers.get(name) {
        handler.is_closing.set(true);
    }
}

/// Makes a listener's connections call `script`.
pub(crate) fn accept_with(
    interp: &mut Interp,
    name: &Value,
    script: Value,
) -> Result<(), Box<Exception>> {
    let handler = handler(interp, name)?;
    handler.accept.replace(Some(script));
    update(interp, &handler)
}

/// The event loop says that a channel is ready.
fn ready(interp: &mut Interp, handler: &Rc<Handler>, is_readable: bool) {
    if !is_readable && handler.watch.borrow().is_draining() && !drain(interp, handler) {
        return;
    }
    if is_readable && is_stale(handler) {
        handler
            .watch
            .borrow()
            .accepted_all(&mut interp.events.event_loop);
        return;
    }
    let copy = if is_readable {
        handler.copy_from.borrow().clone()
    } else {
        handler.copy_to.borrow().clone()
    };
    let accepts = handler.accept.borrow().clone();
    let script = if is_readable {
        handler.readable.borrow().clone()
    } else {
        handler.writable.borrow().clone()
    };
    if let Some(copy) = copy {
        super::copy::proceed(interp, &copy);
    } else if let Some(accept) = accepts {
        accept_one(interp, handler, &accept);
    } else if let Some(script) = script {
        run_script(interp, handler, is_readable, &script);
    }
}

/// Whether another interpreter that has the channel too has read what there was.
fn is_stale(handler: &Handler) -> bool {
    handler
        .channel
        .try_borrow()
        .is_ok_and(|channel| channel.is_shared() && !channel.is_readable_now())
}

/// Sends queued output. Whether all of it has gone and the channel is still open.
fn drain(interp: &mut Interp, handler: &Rc<Handler>) -> bool {
    let Ok(mut channel) = handler.channel.try_borrow_mut() else {
        return false;
    };
    let drained = channel.drain_output();
    drop(channel);
    if matches!(drained, Err(ChannelError::Scripted))
        && let Err(error) = finish_output(interp, &handler.channel)
        && let Ok(mut channel) = handler.channel.try_borrow_mut()
    {
        channel.defer_error(error);
    }
    let Ok(mut channel) = handler.channel.try_borrow_mut() else {
        return false;
    };
    if channel.is_draining() || channel.is_suspended() {
        settle_handler(interp, handler, &mut channel);
        return false;
    }
    if handler.is_closing.get() {
        drop(channel);
        remove(interp, handler);
        // The script that closed it is long gone; nobody can be told of a failure.
        let _ = with_handlers(interp, &handler.channel, |channel| {
            channel.close(Side::Both)
        });
        return false;
    }
    settle_handler(interp, handler, &mut channel);
    drop(channel);
    let copy = handler.copy_to.borrow().clone();
    if let Some(copy) = copy {
        super::copy::proceed(interp, &copy);
        return false;
    }
    true
}

fn run_script(interp: &mut Interp, handler: &Rc<Handler>, is_readable: bool, script: &Value) {
    let outcome = interp.eval_in(script, Context::Global);
    if outcome.is_err() {
        // As in tclsh, a script that fails is not called again.
        let slot = if is_readable {
            &handler.readable
        } else {
            &handler.writable
        };
        slot.take();
        let _ = update(interp, handler);
    }
    interp.report_outcome(outcome, "");
    let mut is_scripted = false;
    if let Ok(mut channel) = handler.channel.try_borrow_mut() {
        settle_handler_if_known(interp, handler, &mut channel);
        is_scripted = channel.is_scripted();
    }
    if is_scripted {
        sync_watch(interp, &handler.channel);
    }
}

fn settle_handler_if_known(interp: &mut Interp, handler: &Rc<Handler>, channel: &mut Channel) {
    let channels = channels_of(interp);
    if channels
        .handlers
        .get(&handler.name.str())
        .is_some_and(|present| Rc::ptr_eq(&present, handler))
    {
        settle_handler(interp, handler, channel);
    }
}

fn accept_one(interp: &mut Interp, handler: &Rc<Handler>, script: &Value) {
    let accepted = match handler.channel.try_borrow_mut() {
        Ok(mut channel) => channel
            .driver_mut::<TcpListenerDriver>()
            .map(TcpListenerDriver::accept),
        Err(_) => None,
    };
    let Some(Ok(Some(accepted))) = accepted else {
        handler
            .watch
            .borrow()
            .accepted_all(&mut interp.events.event_loop);
        return;
    };
    let Ok(name) = interp.add_channel(accepted.channel) else {
        return;
    };
    let words = [
        name.clone(),
        Value::text(&accepted.address),
        Value::int(i64::from(accepted.port)),
    ];
    let mut call = script.to_text();
    for word in words {
        call.push(' ');
        call.push_str(&Value::list(vec![word]).str());
    }
    let outcome = interp.eval_in(&Value::string(call), Context::Global);
    if outcome.is_err() {
        interp.report_outcome(outcome, "");
        let _ = close_channel(interp, &name);
    }
}

/// The `fileevent` command.
pub(super) fn fileevent(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, event, rest @ ..] = words else {
        return done_empty();
    };
    let is_readable = option(event, &["readable", "writable"], "event name")? == 0;
    let shared = interp.find_channel(name)?;
    let is_open = match shared.try_borrow() {
        Ok(channel) if is_readable => channel.is_readable(),
        Ok(channel) => channel.is_writable(),
        Err(_) => true,
    };
    if !is_open {
        let which = if is_readable { "readable" } else { "writable" };
        return Err(Exception::error(format!("channel is not {which}")));
    }
    let channels = channels_of(interp);
    let Some(script) = rest.first() else {
        let found = channels.handlers.get(&name.str());
        let slot = found.as_ref().map(|handler| {
            if is_readable {
                &handler.readable
            } else {
                &handler.writable
            }
        });
        return done(
            slot.and_then(|slot| slot.borrow().clone())
                .unwrap_or_default(),
        );
    };
    let handler = handler(interp, name)?;
    let slot = if is_readable {
        &handler.readable
    } else {
        &handler.writable
    };
    slot.replace(if script.is_empty() {
        None
    } else {
        Some(script.clone())
    });
    update(interp, &handler)?;
    done_empty()
}
