//! `timerate`: how long a script takes, run again and again for a given time.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::{double_of, int_of};
use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, Outcome, Resume, ScriptLabel, code,
    done,
};
use crate::value::Value;

const USAGE: &str = "?-direct? ?-calibrate? ?-overhead double? command ?time ?max-count??";

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("timerate", USAGE, 1, ANY, timerate),
    Builtin::new("::tcl::unsupported::timerate", USAGE, 1, ANY, timerate),
];

/// How long a script is measured unless the command says otherwise.
const DEFAULT_MS: i64 = 1000;

/// What `timerate -calibrate` has found.
#[derive(Default)]
struct Calibration {
    /// Microseconds that one iteration takes without a script, taken off all measurements.
    overhead_us: Cell<f64>,
}

/// A `timerate` that runs.
struct Measurement {
    script: Value,
    calibrates: bool,
    /// As given by `-overhead`; without it what was calibrated counts.
    overhead_us: Option<f64>,
    limit: Duration,
    count_max: u64,
    count: u64,
    start: Instant,
}

fn timerate(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let usage = || Exception::wrong_args(&format!("{} {USAGE}", words[0]));
    let mut calibrates = false;
    let mut overhead_us = None;
    let mut at = 1;
    while at + 1 < words.len() {
        match &*words[at].str() {
            // There is no uncompiled evaluation here.
            "-direct" => {}
            "-calibrate" => calibrates = true,
            "-overhead" if at + 2 < words.len() => {
                at += 1;
                overhead_us = Some(double_of(&words[at])?);
            }
            "-overhead" => return Err(usage()),
            "--" => {
                at += 1;
                break;
            }
            _ => break,
        }
        at += 1;
    }
    let (script, limits) = match words.get(at..) {
        Some([script, limits @ ..]) if limits.len() <= 2 => (script, limits),
        _ => return Err(usage()),
    };
    let limit_ms = limits.first().map_or(Ok(DEFAULT_MS), int_of)?;
    let count_max = limits.get(1).map_or(Ok(i64::MAX), int_of)?;
    if calibrates && limit_ms <= 0 {
        interp.data::<Calibration>().overhead_us.set(0.0);
        return done(0i64);
    }
    let state = Measurement {
        script: script.clone(),
        calibrates,
        overhead_us,
        limit: Duration::from_millis(u64::try_from(limit_ms).unwrap_or(0)),
        count_max: u64::try_from(count_max).unwrap_or(0),
        count: 0,
        start: Instant::now(),
    };
    if state.count_max == 0 {
        return state.finish(interp);
    }
    Box::new(state).iterate(interp)
}

impl Measurement {
    fn iterate(self: Box<Self>, interp: &mut Interp) -> CommandResult {
        let script = self.script.clone();
        interp.push_native(self);
        interp.push_script(&script, Context::Current, ScriptLabel::None)
    }

    fn finish(&self, interp: &mut Interp) -> CommandResult {
        let elapsed_us = self.start.elapsed().as_nanos() as f64 / 1000.0;
        if self.count == 0 {
            return done("0 \u{b5}s/# 0 # 0 #/sec 0 net-ms");
        }
        let count = self.count as f64;
        let calibration = interp.data::<Calibration>();
        if self.calibrates {
            let overhead = elapsed_us / count;
            calibration.overhead_us.set(overhead);
            return done(format!(
                "{} \u{b5}s/#-overhead {}",
                Value::double(overhead),
                rate(elapsed_us, self.count)
            ));
        }
        let overhead = self.overhead_us.unwrap_or(calibration.overhead_us.get());
        let net_us = (elapsed_us - overhead.max(0.0) * count).max(0.0);
        done(format!(
            "{} {:.3} net-ms",
            rate(net_us, self.count),
            net_us.max(1.0) / 1000.0
        ))
    }
}

impl Resume for Measurement {
    fn resume(mut self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        let mut is_done = false;
        if let Err(exception) = outcome {
            match exception.code {
                code::CONTINUE => {}
                code::BREAK => is_done = true,
                _ => return Err(exception),
            }
        }
        self.count += 1;
        is_done |= self.count >= self.count_max || self.start.elapsed() >= self.limit;
        if is_done {
            return self.finish(interp);
        }
        interp.check_fuel()?;
        self.iterate(interp)
    }
}

/// `N µs/# COUNT # N #/sec`, each number with as many places as tclsh gives it.
fn rate(net_us: f64, count: u64) -> String {
    let per_iteration = net_us / count as f64;
    let places = match per_iteration {
        ..10.0 => 6,
        ..100.0 => 4,
        ..1e3 => 3,
        ..1e4 => 2,
        ..1e6 => 1,
        _ => 0,
    };
    // A measurement of nothing counts as a microsecond.
    let per_second = count as f64 / net_us.max(1.0) * 1e6;
    let rate_places = match per_second {
        ..100.0 => 3,
        ..1e3 => 2,
        ..1e5 => 1,
        _ => 0,
    };
    format!("{per_iteration:.places$} \u{b5}s/# {count} # {per_second:.rate_places$} #/sec")
}
