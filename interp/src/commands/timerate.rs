//! `timerate`: how often a script runs in a given time.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::double_of;
use crate::runtime::integer::wide_of;
use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, Outcome, Resume, ScriptLabel, code,
    done,
};
use crate::syntax::{Span, parse_script};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("timerate", USAGE, 0, ANY, timerate),
    Builtin::new("tcl::unsupported::timerate", USAGE, 0, ANY, timerate),
];

const USAGE: &str = "?-direct? ?-calibrate? ?-overhead double? command ?time ?max-count??";

/// How long scripts are run when no time is given.
const TIME_DEFAULT_MS: i64 = 1000;

/// Microseconds that one turn of the loop costs by itself, as `-calibrate` has found them.
#[derive(Default)]
struct Overhead(Cell<f64>);

/// A `timerate` that runs.
struct TimeRate {
    script: Value,
    time: Duration,
    count_max: u64,
    count: u64,
    start: Instant,
    overhead: f64,
    calibrates: bool,
}

fn timerate(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut overhead = None;
    let mut calibrates = false;
    let mut at = 1;
    // The last word is the script, whatever it looks like.
    while at + 1 < words.len() {
        match &*words[at].str() {
            "-direct" => {}
            "-calibrate" => calibrates = true,
            "-overhead" => {
                at += 1;
                overhead = Some(double_of(&words[at])?);
            }
            "--" => {
                at += 1;
                break;
            }
            _ => break,
        }
        at += 1;
    }
    let (script, time, count_max) = match words.get(at..).unwrap_or_default() {
        [script] => (script, TIME_DEFAULT_MS, u64::MAX),
        [script, time] => (script, wide_of(time)?, u64::MAX),
        [script, time, count] => (
            script,
            wide_of(time)?,
            u64::try_from(wide_of(count)?).unwrap_or(0),
        ),
        _ => return Err(Exception::wrong_args(&format!("timerate {USAGE}"))),
    };
    let known = interp.data::<Overhead>();
    if calibrates && time <= 0 {
        known.0.set(0.0);
        return done(0_i64);
    }
    let text = script.str();
    if let Some(error) = parse_script(&text, Span::whole(&text)).error {
        return Err(Exception::error(&*error.message));
    }
    let state = TimeRate {
        script: script.clone(),
        time: Duration::from_millis(u64::try_from(time).unwrap_or(0)),
        count_max,
        count: 0,
        start: Instant::now(),
        overhead: overhead.unwrap_or_else(|| if calibrates { 0.0 } else { known.0.get() }),
        calibrates,
    };
    if count_max == 0 {
        return done("0 \u{b5}s/# 0 # 0 #/sec 0 net-ms");
    }
    Box::new(state).run(interp)
}

impl TimeRate {
    fn run(self: Box<Self>, interp: &mut Interp) -> CommandResult {
        let script = self.script.clone();
        interp.push_native(self);
        interp.push_script(&script, Context::Current, ScriptLabel::None)
    }

    /// The measured times as a list.
    fn report(&self, interp: &mut Interp) -> CommandResult {
        let count = self.count as f64;
        let total = self.start.elapsed().as_micros() as f64;
        let net = (total - self.overhead * count).max(0.0);
        let each = net / count;
        let counted = net.max(1.0);
        let rate = count * 1e6 / counted;
        if self.calibrates {
            interp.data::<Overhead>().0.set(each);
            return done(format!(
                "{} \u{b5}s/#-overhead {} \u{b5}s/# {} # {} #/sec",
                Value::double(each),
                six_digits(each),
                self.count,
                rate_text(rate)
            ));
        }
        done(format!(
            "{} \u{b5}s/# {} # {} #/sec {:.3} net-ms",
            six_digits(each),
            self.count,
            rate_text(rate),
            counted / 1000.0
        ))
    }
}

impl Resume for TimeRate {
    fn resume(mut self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        let is_over = match outcome {
            Ok(_) => false,
            Err(exception) if exception.code == code::BREAK => true,
            Err(exception) if exception.code == code::CONTINUE => false,
            Err(exception) => return Err(exception),
        };
        self.count += 1;
        if is_over || self.count >= self.count_max || self.start.elapsed() >= self.time {
            return self.report(interp);
        }
        interp.check_fuel()?;
        self.run(interp)
    }
}

/// A number of microseconds with some six digits.
fn six_digits(number: f64) -> String {
    let decimals = match number {
        n if n < 10.0 => 6,
        n if n < 100.0 => 4,
        n if n < 1000.0 => 3,
        n if n < 10_000.0 => 2,
        n if n < 1e6 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

fn rate_text(rate: f64) -> String {
    let decimals = match rate {
        n if n < 100.0 => 3,
        n if n < 100_000.0 => 2,
        _ => 0,
    };
    format!("{rate:.decimals$}")
}
