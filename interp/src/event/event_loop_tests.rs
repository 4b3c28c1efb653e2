//! Tests of the event loop with a held clock, real sockets and threads.

use super::*;
use crate::event::ManualClock;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

fn held() -> (EventLoop, ManualClock) {
    let clock = ManualClock::new(Instant::now());
    (EventLoop::with_clock(Box::new(clock.clone())), clock)
}

fn soon() -> Wait {
    Wait::Until(Instant::now() + Duration::from_secs(5))
}

#[test]
fn timers_come_by_time_then_age() {
    let (mut events, _clock) = held();
    let late = events.add_timer(Duration::from_millis(20)).unwrap();
    let first = events.add_timer(Duration::from_millis(10)).unwrap();
    let second = events.add_timer(Duration::from_millis(10)).unwrap();
    let gone = events.add_timer(Duration::from_millis(5)).unwrap();
    assert!(events.cancel_timer(gone));
    assert!(!events.cancel_timer(gone));
    assert!(events.turn(Wait::Poll, Filter::ALL).is_none());
    let order: Vec<TimerId> =
        std::iter::from_fn(|| match events.turn(Wait::Forever, Filter::ALL) {
            Some(Event::Timer(id)) => Some(id),
            _ => None,
        })
        .take(3)
        .collect();
    assert_eq!(order, [first, second, late]);
    assert!(events.is_empty());
}

#[test]
fn a_batch_holds_the_timers_due_together_and_not_later_ones() {
    let (mut events, _clock) = held();
    events.add_timer(Duration::ZERO).unwrap();
    let second = events.add_timer(Duration::ZERO).unwrap();
    assert!(matches!(
        events.turn(Wait::Poll, Filter::ALL),
        Some(Event::Timer(_))
    ));
    let batch = events.batch();
    events.add_timer(Duration::ZERO).unwrap();
    assert!(matches!(events.next_in(batch), Some(Event::Timer(id)) if id == second));
    assert!(events.next_in(batch).is_none());
    assert!(matches!(
        events.turn(Wait::Poll, Filter::ALL),
        Some(Event::Timer(_))
    ));
}

#[test]
fn idle_callbacks_come_when_nothing_else_does() {
    let (mut events, _clock) = held();
    let idle = events.add_idle().unwrap();
    let cancelled = events.add_idle().unwrap();
    assert!(events.cancel_idle(cancelled));
    let timer = events.add_timer(Duration::ZERO).unwrap();
    assert!(
        matches!(events.turn(Wait::Forever, Filter::ALL), Some(Event::Timer(id)) if id == timer)
    );
    assert!(matches!(events.turn(Wait::Forever, Filter::ALL), Some(Event::Idle(id)) if id == idle));
    assert!(events.turn(Wait::Poll, Filter::IDLE).is_none());
}

#[test]
fn a_source_stays_readable_until_drained() {
    let mut events = EventLoop::new();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let id = events.watch(near.as_fd(), Interest::READ).unwrap();
    assert!(events.turn(Wait::Poll, Filter::ALL).is_none());
    far.write_all(b"hello").unwrap();
    for _ in 0..40 {
        assert!(matches!(events.turn(soon(), Filter::ALL), Some(Event::Readable(it)) if it == id));
    }
    let mut buffer = [0; 16];
    assert_eq!(near.read(&mut buffer).unwrap(), 5);
    events.drained(id, Interest::READ);
    assert!(events.turn(Wait::Poll, Filter::ALL).is_none());
    far.write_all(b"x").unwrap();
    assert!(matches!(
        events.turn(soon(), Filter::ALL),
        Some(Event::Readable(_))
    ));
    events.drained(id, Interest::READ);
    drop(far);
    assert!(matches!(
        events.turn(soon(), Filter::ALL),
        Some(Event::Readable(_))
    ));
    events.drained(id, Interest::READ);
    assert!(
        matches!(events.turn(soon(), Filter::ALL), Some(Event::Readable(_))),
        "end of file stays"
    );
    events.unwatch(id);
    assert!(events.turn(Wait::Poll, Filter::ALL).is_none());
}

#[test]
fn both_directions_read_first_and_masking_is_honoured() {
    let mut events = EventLoop::new();
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"x").unwrap();
    let id = events.watch(near.as_fd(), Interest::BOTH).unwrap();
    assert!(matches!(
        events.turn(soon(), Filter::ALL),
        Some(Event::Readable(_))
    ));
    assert!(matches!(
        events.turn(soon(), Filter::ALL),
        Some(Event::Writable(_))
    ));
    events.set_interest(id, Interest::WRITE).unwrap();
    assert!(matches!(
        events.turn(soon(), Filter::ALL),
        Some(Event::Writable(_))
    ));
    events.set_interest(id, Interest::NONE).unwrap();
    assert!(events.turn(Wait::Poll, Filter::ALL).is_none());
    events.set_interest(id, Interest::READ).unwrap();
    assert!(matches!(
        events.turn(soon(), Filter::ALL),
        Some(Event::Readable(_))
    ));
}

#[test]
fn regular_files_are_always_ready_and_starve_nobody() {
    let mut events = EventLoop::new();
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    events.watch(file.as_fd(), Interest::READ).unwrap();
    let (near, mut far) = UnixStream::pair().unwrap();
    let socket = events.watch(near.as_fd(), Interest::READ).unwrap();
    far.write_all(b"x").unwrap();
    let timer = events.add_timer(Duration::ZERO).unwrap();
    let (mut saw_socket, mut saw_timer) = (false, false);
    for _ in 0..100 {
        match events.turn(Wait::Poll, Filter::ALL) {
            Some(Event::Readable(id)) => saw_socket |= id == socket,
            Some(Event::Timer(id)) => saw_timer |= id == timer,
            other => panic!("{other:?}"),
        }
    }
    assert!(saw_socket && saw_timer);
}

#[test]
fn mail_wakes_a_waiting_loop_in_order() {
    let mut events = EventLoop::new();
    let mailbox = events.mailbox();
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        for number in 0..3_u32 {
            mailbox.post(Box::new(number)).unwrap();
        }
    });
    for expected in 0..3_u32 {
        match events.turn(soon(), Filter::ALL) {
            Some(Event::Mail(mail)) => assert_eq!(mail.downcast_ref::<u32>(), Some(&expected)),
            other => panic!("{other:?}"),
        }
    }
    sender.join().unwrap();
}

#[test]
fn a_nudge_ends_the_wait_without_an_event() {
    let mut events = EventLoop::new();
    let mailbox = events.mailbox();
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        mailbox.wake();
    });
    assert!(events.turn(Wait::Forever, Filter::ALL).is_none());
    sender.join().unwrap();
}

#[test]
fn the_mailbox_is_bounded_and_knows_when_the_loop_ends() {
    let events = EventLoop::new();
    let mailbox = events.mailbox();
    for _ in 0..crate::event::MAIL_MAX {
        mailbox.post(Box::new(())).unwrap();
    }
    assert!(matches!(
        mailbox.post(Box::new(())),
        Err(crate::event::MailError::Full(_))
    ));
    drop(events);
    assert!(matches!(
        mailbox.post(Box::new(())),
        Err(crate::event::MailError::Closed(_))
    ));
}

#[test]
fn a_wait_ends_at_its_deadline() {
    let mut events = EventLoop::new();
    let start = Instant::now();
    assert!(
        events
            .turn(Wait::Until(start + Duration::from_millis(15)), Filter::ALL)
            .is_none()
    );
    assert!(start.elapsed() >= Duration::from_millis(15));
}
