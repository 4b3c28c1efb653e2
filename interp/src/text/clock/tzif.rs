//! Compiled time zone files (TZif, RFC 8536), read as tclsh reads them.

use std::rc::Rc;

use super::posix::PosixZone;
use super::zone::{Period, Zone};

/// The largest file that is read, as in tclsh; the largest of the tz database has some 4 kB.
pub const FILE_BYTES_MAX: u64 = 262_144;

/// The counts of one block's header.
struct Header {
    version: u8,
    utc_flags: usize,
    standard_flags: usize,
    leaps: usize,
    times: usize,
    types: usize,
    name_bytes: usize,
}

/// Reads from the front of the file.
struct Reader<'a>(&'a [u8]);

/// The zone of a file's contents; None if it is no such file, or one with leap seconds.
///
/// Rules for the time after the last transition are applied until 2099.
pub fn parse(bytes: &[u8]) -> Option<Zone> {
    let mut reader = Reader(bytes);
    let mut header = reader.header()?;
    let mut time_bytes = 4;
    let mut has_rule = false;
    // tclsh reads the 64-bit block of version 2 only. That of a later version is read where there is nothing else.
    if header.version == b'2' || (header.version > b'2' && header.times == 0) {
        reader.take(header.block_bytes(time_bytes)?)?;
        header = reader.header()?;
        time_bytes = 8;
        has_rule = true;
    }
    if header.types == 0 || header.leaps != 0 {
        return None;
    }
    let (first, mut later) = reader.periods(&header, time_bytes)?;
    if has_rule {
        reader.take(
            header
                .standard_flags
                .checked_add(header.utc_flags)?
                .checked_add(1)?,
        )?;
        later.extend(reader.rule(&first, &later)?);
    }
    Some(Zone::new(first, later))
}

impl Header {
    /// The bytes of the block that follows; None if they overflow.
    fn block_bytes(&self, time_bytes: usize) -> Option<usize> {
        let transitions = self.times.checked_mul(time_bytes + 1)?;
        let rest = [
            self.types.checked_mul(6)?,
            self.leaps.checked_mul(time_bytes)?,
            self.standard_flags,
            self.utc_flags,
            self.name_bytes,
        ];
        rest.iter()
            .try_fold(transitions, |sum, bytes| sum.checked_add(*bytes))
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        self.0.split_off(..count)
    }

    fn number(&mut self) -> Option<i32> {
        let bytes = self.take(4)?;
        Some(i32::from_be_bytes(bytes.try_into().ok()?))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn header(&mut self) -> Option<Header> {
        if self.take(4)? != b"TZif" {
            return None;
        }
        let version = *self.take(16)?.first()?;
        Some(Header {
            version,
            utc_flags: self.count()?,
            standard_flags: self.count()?,
            leaps: self.count()?,
            times: self.count()?,
            types: self.count()?,
            name_bytes: self.count()?,
        })
    }

    /// The transitions of a block, up to where its flags begin.
    fn periods(&mut self, header: &Header, time_bytes: usize) -> Option<(Period, Vec<Period>)> {
        let times = self.take(header.times.checked_mul(time_bytes)?)?;
        let codes = self.take(header.times)?;
        let mut types = Vec::with_capacity(header.types.min(256));
        for _ in 0..header.types {
            types.push((self.number()?, *self.take(2)?.last()?));
        }
        let names = self.take(header.name_bytes)?;
        let kinds: Vec<(i32, Rc<str>)> = types
            .into_iter()
            .map(|(offset, at)| Some((offset, name_at(names, at)?)))
            .collect::<Option<_>>()?;
        let period = |start: i64, code: u8| {
            let (offset, name) = kinds.get(usize::from(code))?;
            Some(Period {
                start,
                offset: *offset,
                name: name.clone(),
            })
        };
        let later = times
            .chunks_exact(time_bytes)
            .zip(codes)
            .map(|(time, code)| period(big_endian(time), *code))
            .collect::<Option<Vec<_>>>()?;
        later
            .is_sorted_by_key(|period| period.start)
            .then_some((period(i64::MIN, 0)?, later))
    }

    /// What the rule at the end of the file adds.
    fn rule(&mut self, first: &Period, later: &[Period]) -> Option<Vec<Period>> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        let text = std::str::from_utf8(&self.0[..end]).ok()?;
        if text.is_empty() {
            return Some(Vec::new());
        }
        let last = later.last().unwrap_or(first).start;
        let (_, mut periods) = PosixZone::parse(text)?.periods();
        periods.retain(|period| period.start > last);
        Some(periods)
    }
}

fn big_endian(bytes: &[u8]) -> i64 {
    match bytes {
        [a, b, c, d] => i64::from(i32::from_be_bytes([*a, *b, *c, *d])),
        bytes => bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | i64::from(*byte)),
    }
}

/// The name that starts at byte `at` and goes to the next NUL.
fn name_at(names: &[u8], at: u8) -> Option<Rc<str>> {
    let tail = names.get(usize::from(at)..)?;
    let end = tail
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(tail.len());
    Some(
        tail[..end]
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>()
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(version: u8, times: &[(i64, u8)], time_bytes: usize) -> Vec<u8> {
        let mut out = b"TZif".to_vec();
        out.push(version);
        out.extend([0; 15]);
        for count in [0, 0, 0, times.len() as u32, 2, 8] {
            out.extend(count.to_be_bytes());
        }
        for (time, _) in times {
            out.extend(&time.to_be_bytes()[8 - time_bytes..]);
        }
        out.extend(times.iter().map(|(_, code)| *code));
        for (offset, at) in [(3600i32, 0u8), (7200, 4)] {
            out.extend(offset.to_be_bytes());
            out.extend([0, at]);
        }
        out.extend(b"CET\0CST\0");
        out
    }

    #[test]
    fn both_blocks_and_the_rule_are_read() {
        let mut file = block(b'2', &[], 4);
        file.extend(block(b'2', &[(0, 1), (1000, 0)], 8));
        file.extend(b"\nCET-1CEST,M3.5.0,M10.5.0/3\n");
        let zone = parse(&file).unwrap();
        assert_eq!(&*zone.period_at(-1).name, "CET");
        assert_eq!(zone.period_at(999).offset, 7200);
        assert_eq!(zone.period_at(1000).offset, 3600);
        // 1 July 2020.
        assert_eq!(&*zone.period_at(1_593_561_600).name, "CEST");
    }

    #[test]
    fn damaged_files_are_refused() {
        let file = block(0, &[(0, 1), (1000, 0)], 4);
        assert!(parse(&file).is_some());
        for length in 0..file.len() {
            assert!(parse(&file[..length]).is_none());
        }
        assert!(parse(&block(0, &[(1000, 1), (0, 0)], 4)).is_none());
        assert!(parse(&block(0, &[(0, 2)], 4)).is_none());
    }
}
