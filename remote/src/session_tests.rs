//! Two sessions and the wire between them.

use super::*;
use crate::protocol::Decoder;

/// Two sessions and the wire between them, under a clock of the test's.
struct Pair {
    left: Session,
    right: Session,
    decoders: [Decoder; 2],
    now: Instant,
}

impl Pair {
    fn new() -> Pair {
        let hello = |name: &str| Hello {
            name: name.into(),
            engine: "test".into(),
        };
        let mut pair = Pair {
            left: Session::new("right", &hello("left")).unwrap(),
            right: Session::new("left", &hello("right")).unwrap(),
            decoders: [Decoder::new(), Decoder::new()],
            now: Instant::now(),
        };
        assert_eq!(pair.at_right(), [Event::Greeted]);
        assert_eq!(pair.at_left(), [Event::Greeted]);
        pair
    }

    fn carry(
        from: &mut Session,
        to: &mut Session,
        decoder: &mut Decoder,
        now: Instant,
    ) -> Vec<Event> {
        let bytes = from.output().pending().to_vec();
        from.output().consume(bytes.len());
        let mut input = &bytes[..];
        let mut events = Vec::new();
        while let Some(received) = decoder.next(&mut input).unwrap() {
            events.push(to.receive(received, now));
        }
        events
    }

    fn at_right(&mut self) -> Vec<Event> {
        Pair::carry(
            &mut self.left,
            &mut self.right,
            &mut self.decoders[0],
            self.now,
        )
    }

    fn at_left(&mut self) -> Vec<Event> {
        Pair::carry(
            &mut self.right,
            &mut self.left,
            &mut self.decoders[1],
            self.now,
        )
    }

    fn ask(&mut self, script: &str, timeout_ms: Option<u64>, asker: Option<Asker>) -> u64 {
        let body = Body::Script(script.into());
        let question = Question {
            chain: 1,
            depth: 0,
            body,
            timeout_ms,
            asker,
        };
        self.left.ask(question, self.now).unwrap()
    }

    fn pass(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }
}

#[test]
fn a_request_is_answered_once() {
    let mut pair = Pair::new();
    let id = pair.ask("pid", None, Some(Asker::Waiter));
    assert_eq!(pair.left.take_answer(id), None);
    assert_eq!(pair.at_right(), [Event::Queued]);
    let incoming = pair.right.begin(None, pair.now).unwrap();
    assert_eq!(incoming.body, Body::Script("pid".into()));
    pair.right.finish(&incoming, Outcome::ok("42"));
    assert_eq!(pair.at_left(), [Event::Answered]);
    assert_eq!(pair.left.take_answer(id), Some(Ok(Outcome::ok("42"))));
    assert_eq!(pair.left.take_answer(id), None);
    assert!(pair.left.is_idle() && pair.right.is_idle());
}

#[test]
fn a_request_without_reply_leaves_nothing_behind() {
    let mut pair = Pair::new();
    pair.ask("pid", None, None);
    pair.at_right();
    let incoming = pair.right.begin(None, pair.now).unwrap();
    pair.right.finish(&incoming, Outcome::ok("42"));
    assert!(pair.left.is_idle() && pair.right.is_idle());
}

#[test]
fn a_timeout_tells_both_sides_and_the_late_answer_is_dropped() {
    let mut pair = Pair::new();
    let id = pair.ask("while 1 {}", Some(50), Some(Asker::Waiter));
    let id2 = pair.ask("after 10", Some(70), Some(Asker::Callback(9)));
    pair.at_right();
    let incoming = pair.right.begin(None, pair.now).unwrap();
    assert_eq!(
        incoming.deadline,
        Some(pair.now + Duration::from_millis(50))
    );
    pair.pass(49);
    assert_eq!(pair.left.expire(pair.now), None);
    pair.pass(1);
    assert_eq!(pair.left.expire(pair.now), Some(Event::Answered));
    assert_eq!(pair.left.expire(pair.now), None);
    let timeout = Failure::Timeout {
        target: "right".into(),
        timeout_ms: 50,
    };
    assert_eq!(pair.left.take_answer(id), Some(Err(timeout)));
    assert_eq!(pair.at_right(), [Event::CancelRunning(id)]);
    pair.right.finish(&incoming, overdue());
    assert_eq!(pair.at_left(), [Event::Nothing]);
    pair.pass(20);
    assert!(matches!(
        pair.left.expire(pair.now),
        Some(Event::Completed(9, Err(_)))
    ));
    assert_eq!(pair.left.next_deadline(), None);
    assert_eq!(
        pair.right.begin(None, pair.now),
        None,
        "{id2} is overdue before it begins"
    );
    assert_eq!(pair.at_left(), [Event::Nothing]);
    assert!(pair.left.asked.is_empty() && pair.right.queue_bytes == 0);
}

#[test]
fn a_cancel_takes_a_waiting_request_out_of_the_queue() {
    let mut pair = Pair::new();
    let first = pair.ask("a", None, Some(Asker::Callback(1)));
    pair.ask("b", None, Some(Asker::Callback(2)));
    pair.at_right();
    pair.left.cancel(first);
    assert_eq!(pair.at_right(), [Event::Nothing]);
    assert_eq!(
        pair.right.begin(None, pair.now).unwrap().body,
        Body::Script("b".into())
    );
    assert_eq!(pair.at_left(), [Event::Nothing]);
}

#[test]
fn requests_of_one_chain_can_go_first() {
    let mut pair = Pair::new();
    pair.ask("a", None, Some(Asker::Waiter));
    let body = Body::Script("b".into());
    let question = Question {
        chain: 2,
        depth: 1,
        body: body.clone(),
        timeout_ms: None,
        asker: None,
    };
    pair.left.ask(question, pair.now).unwrap();
    pair.at_right();
    assert!(pair.right.has_queued(Some(2)) && !pair.right.has_queued(Some(3)));
    assert_eq!(pair.right.begin(Some(2), pair.now).unwrap().body, body);
    assert_eq!(pair.right.begin(Some(2), pair.now), None);
    assert!(pair.right.begin(None, pair.now).is_some());
}

#[test]
fn a_lost_connection_answers_everything() {
    let mut pair = Pair::new();
    let id = pair.ask("a", Some(1000), Some(Asker::Waiter));
    pair.ask("b", Some(1000), Some(Asker::Callback(7)));
    let lost = Failure::Lost("end of file".into());
    assert_eq!(
        pair.left.lose(&lost),
        [Event::Answered, Event::Completed(7, Err(lost.clone()))]
    );
    assert_eq!(pair.left.take_answer(id), Some(Err(lost)));
    assert_eq!(pair.left.next_deadline(), None);
}

#[test]
fn what_was_asked_without_waiting_is_evaluated_though_the_asker_has_gone() {
    let mut pair = Pair::new();
    pair.ask("sync", None, Some(Asker::Waiter));
    pair.ask("async", None, None);
    pair.at_right();
    assert_eq!(pair.right.lose(&Failure::Lost("end of file".into())), []);
    assert_eq!(
        pair.right.begin(None, pair.now).unwrap().body,
        Body::Script("async".into())
    );
    assert!(pair.right.begin(None, pair.now).is_none() && pair.right.is_idle());
}

#[test]
fn pings_are_answered_while_requests_wait() {
    let mut pair = Pair::new();
    pair.ask("a", None, Some(Asker::Waiter));
    let ping = pair.left.ping(Some(100), pair.now).unwrap();
    pair.at_right();
    assert_eq!(pair.at_left(), [Event::Answered]);
    assert_eq!(pair.left.take_answer(ping), Some(Ok(Outcome::ok(""))));
}

#[test]
fn queues_are_bounded_and_say_so() {
    let mut pair = Pair::new();
    for _ in 0..QUEUED_REQUESTS_MAX {
        assert!(!pair.right.is_full());
        pair.ask("a", None, None);
        pair.at_right();
    }
    assert!(pair.right.is_full());
    for _ in 0..OUTSTANDING_MAX {
        pair.ask("a", None, Some(Asker::Waiter));
        let written = pair.left.output().pending().len();
        pair.left.output().consume(written);
    }
    let question = Question {
        chain: 0,
        depth: 0,
        body: Body::Words(vec![]),
        timeout_ms: None,
        asker: Some(Asker::Waiter),
    };
    assert_eq!(
        pair.left.ask(question, pair.now),
        Err(Failure::Busy("right".into()))
    );
}

#[test]
fn a_result_too_large_to_send_becomes_an_error() {
    let mut pair = Pair::new();
    let id = pair.ask("a", None, Some(Asker::Waiter));
    pair.at_right();
    let incoming = pair.right.begin(None, pair.now).unwrap();
    pair.right.finish(
        &incoming,
        Outcome::ok("x".repeat(protocol::FRAME_BYTES_MAX + 1)),
    );
    pair.at_left();
    let outcome = pair.left.take_answer(id).unwrap().unwrap();
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.value.contains("exceeds the limit"),
        "{}",
        outcome.value
    );
}

/// A generator of numbers that is the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Whatever is asked, cancelled, delayed, timed out and lost, in whatever order: each request that wants an answer gets
/// exactly one, and in the end nothing is left on either side.
#[test]
fn every_request_gets_exactly_one_answer_in_any_weather() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut pair = Pair::new();
        let mut waiting: Vec<u64> = Vec::new();
        let mut given_out: Vec<Incoming> = Vec::new();
        let (mut asked, mut answered, mut next_token) = (0, 0, 0);
        for _ in 0..400 {
            match dice.below(9) {
                0 | 1 => {
                    let timeout_ms = (dice.below(2) == 0).then(|| 1 + dice.below(50));
                    let asker = match dice.below(3) {
                        0 => None,
                        1 => Some(Asker::Waiter),
                        _ => Some(Asker::Callback(next_token)),
                    };
                    next_token += 1;
                    asked += usize::from(asker.is_some());
                    let id = pair.ask("x", timeout_ms, asker);
                    if asker == Some(Asker::Waiter) {
                        waiting.push(id);
                    }
                }
                2 => drop(pair.at_right()),
                3 => answered += completions(pair.at_left()),
                4 => given_out.extend(pair.right.begin(None, pair.now)),
                5 if !given_out.is_empty() => {
                    let incoming =
                        given_out.swap_remove(dice.below(given_out.len() as u64) as usize);
                    pair.right.finish(&incoming, Outcome::ok("y"));
                }
                6 => pair.pass(dice.below(20)),
                7 => {
                    while let Some(event) = pair.left.expire(pair.now) {
                        answered += completions(vec![event]);
                    }
                }
                8 if !waiting.is_empty() && dice.below(4) == 0 => {
                    let id = waiting.swap_remove(dice.below(waiting.len() as u64) as usize);
                    pair.left.cancel(id);
                    answered += 1;
                }
                _ => {}
            }
        }
        answered += completions(pair.at_left());
        answered += completions(pair.left.lose(&Failure::Lost("the end".into())));
        answered += waiting
            .into_iter()
            .filter(|id| pair.left.take_answer(*id).is_some())
            .count();
        assert_eq!(asked, answered, "seed {seed}");
        pair.right.lose(&Failure::Lost("the end".into()));
        while pair.right.begin(None, pair.now).is_some() {}
        assert!(pair.left.is_idle() && pair.right.is_idle(), "seed {seed}");
        assert_eq!(
            (pair.left.next_deadline(), pair.right.queue_bytes),
            (None, 0),
            "seed {seed}"
        );
    }
}

fn completions(events: Vec<Event>) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, Event::Completed(..)))
        .count()
}
