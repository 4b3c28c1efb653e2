//! A node's sense of time: one timer, set for the earliest of what can be overdue.

use super::{Exchange, timespec};
use crate::failure::Failure;
use rustix::io::Errno;
use rustix::time::{Itimerspec, TimerfdTimerFlags};
use std::cmp::Reverse;
use std::time::{Duration, Instant};

impl Exchange {
    /// Has a link looked at when `at` comes.
    pub(super) fn set_alarm(&mut self, number: u64, at: Instant, now: Instant) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        if link.alarm_at.is_some_and(|alarm| alarm <= at) {
            return;
        }
        link.alarm_at = Some(at);
        self.alarms.push(Reverse((at, number)));
        self.arm(at, now);
    }

    /// Sets the timer, unless it will fire before.
    pub(super) fn arm(&mut self, at: Instant, now: Instant) {
        if self
            .armed_at
            .is_some_and(|armed| armed <= at && armed > now)
        {
            return;
        }
        // A time of zero would disarm it.
        let value = timespec(
            at.saturating_duration_since(now)
                .max(Duration::from_nanos(1)),
        );
        let setting = Itimerspec {
            it_interval: timespec(Duration::ZERO),
            it_value: value,
        };
        if rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting).is_ok()
        {
            self.armed_at = Some(at);
        }
    }

    /// The timer fired: looks at the links whose time has come.
    pub(super) fn ring(&mut self, now: Instant) {
        let mut count = [0u8; 8];
        if let Err(Errno::AGAIN) = rustix::io::read(&self.timer, &mut count) {
            return;
        }
        self.armed_at = None;
        while let Some(Reverse((at, number))) = self.alarms.peek().copied() {
            if at > now {
                self.arm(at, now);
                break;
            }
            self.alarms.pop();
            self.look_at(number, at, now);
        }
        let deadlines = self
            .running
            .iter()
            .filter_map(|running| running.incoming.deadline);
        if let Some(next) = deadlines.filter(|deadline| *deadline > now).min() {
            self.arm(next, now);
        }
    }

    pub(super) fn look_at(&mut self, number: u64, at: Instant, now: Instant) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        if link.alarm_at == Some(at) {
            link.alarm_at = None;
        }
        if link.greet_by.is_some_and(|by| by <= now) {
            return self.lose(
                number,
                &Failure::Lost("the peer did not say hello in time".to_string()),
            );
        }
        let greet_by = link.greet_by;
        let deadline = self.expire(number, now);
        if let Some(next) = [greet_by, deadline].into_iter().flatten().min() {
            self.set_alarm(number, next, now);
        }
    }
}
