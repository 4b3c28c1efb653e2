//! Where the text of a script that runs stands in a file, found out when somebody asks: `info frame`, and `proc` for its body.
//!
//! Nothing is noted while scripts run. A script that is a literal word of a command that is still running has its place from that
//! command's source: the command is parsed again and the word looked for by its text, in the interpreter that has evaluated
//! something here when it is not in this one. Read [`Interp::location_of_frame`] first.

use std::borrow::Cow;
use std::rc::Rc;

use super::Interp;
use super::frame::{CodeFrame, End, Fiber, Frame, FrameKind, Label};
use crate::syntax::{Quoting, Word, WordKind, parse_script};
use crate::value::Value;

/// Where a text begins in a file.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    /// The file's normalized name.
    pub file: Value,
    /// The 1-based line of the text's first byte.
    pub line: u32,
    /// Offsets of the blanks in the text for which the file has a backslash and a newline, ascending.
    pub joins: Rc<[u32]>,
}

impl Location {
    /// The first line of a file.
    pub fn of_file(file: &Value) -> Location {
        Location {
            file: file.clone(),
            line: 1,
            joins: Rc::default(),
        }
    }

    /// The line of byte `offset` of the text, which is `source`.
    pub fn line_at(&self, source: &str, offset: usize) -> u32 {
        self.line + lines_before(source, &self.joins, offset)
    }

    /// The place of a part of the text, which is `source`.
    fn part(&self, source: &str, found: &Found) -> Location {
        self.part_after(newlines_before(source, found.start), found)
    }

    /// The place of a part before which the text has `newlines`.
    fn part_after(&self, newlines: u32, found: &Found) -> Location {
        let joins = match found.joins.is_empty() {
            true => within(&self.joins, found.start, found.byte_count),
            false => found.joins.clone(),
        };
        Location {
            file: self.file.clone(),
            line: self.line + newlines + joins_before(&self.joins, found.start) + found.lines,
            joins,
        }
    }
}

/// The newlines of the file that stand before byte `offset` of a text with these joins.
fn lines_before(text: &str, joins: &[u32], offset: usize) -> u32 {
    newlines_before(text, offset) + joins_before(joins, offset)
}

fn newlines_before(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    memchr::memchr_iter(b'\n', before).count() as u32
}

fn joins_before(joins: &[u32], offset: usize) -> u32 {
    joins.partition_point(|join| (*join as usize) < offset) as u32
}

/// Where the unit of a frame was found last, for a long text that asks for each of the many procedures in it.
#[derive(Default)]
pub(crate) struct LastLocation {
    /// What runs: units by their ids and the instructions that they are at, the unit itself last.
    frames: Vec<(u64, u32)>,
    location: Option<Location>,
    /// A byte offset in the text, and the newlines before it.
    counted: (usize, u32),
}

/// Texts of fewer bytes are looked for each time.
const REMEMBERED_BYTES_MIN: usize = 4096;

impl LastLocation {
    fn newlines_before(&mut self, text: &str, offset: usize) -> u32 {
        let (start, newlines) = self.counted;
        self.counted = match text.as_bytes().get(start..offset) {
            Some(between) => {
                let more = memchr::memchr_iter(b'\n', between).count() as u32;
                (offset, newlines + more)
            }
            None => (offset, newlines_before(text, offset)),
        };
        self.counted.1
    }
}

/// What the place of the unit in frame `top` depends on; None when it is more than units.
fn frames_up_to(fiber: &Fiber, top: usize) -> Option<Vec<(u64, u32)>> {
    let described = |(index, frame): (usize, &Frame)| match (&frame.kind, &frame.end) {
        (_, End::Script(Label::Made(_))) => None,
        (FrameKind::Code(code), _) if index == top => Some((code.unit.id, 0)),
        (FrameKind::Code(code), _) => Some((code.unit.id, code.pc)),
        _ => Some((0, 0)),
    };
    fiber
        .frames
        .iter()
        .take(top + 1)
        .enumerate()
        .map(described)
        .collect()
}

/// The joins in a part of a text, counted from the part's start.
fn within(joins: &[u32], start: usize, byte_count: usize) -> Rc<[u32]> {
    joins
        .iter()
        .filter_map(|join| (*join as usize).checked_sub(start))
        .filter(|join| *join < byte_count)
        .map(|join| join as u32)
        .collect()
}

/// Where a text was found in the source of a unit.
struct Found {
    /// Where the word's text begins in the source.
    start: usize,
    /// The lines from there to the text, when it is a part of the word.
    lines: u32,
    joins: Rc<[u32]>,
    byte_count: usize,
}

/// How the text of a script is looked for in a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search<'a> {
    /// It is the whole word.
    Whole,
    /// It may be a part of the word: the body of a lambda, or the arm of a `switch` for this pattern (empty: not known), which
    /// tells one arm from another with the same text.
    Part(&'a str),
}

impl Interp {
    /// Where the text of the unit in frame `index` of `fiber` begins; None when it is not from a file as it stands there.
    pub(crate) fn location_of_frame(&self, fiber: &Fiber, index: usize) -> Option<Location> {
        // From the frame down to one whose place is known, then up again.
        let mut parts: Vec<(&CodeFrame, Found)> = Vec::new();
        let mut index = index;
        let mut location = loop {
            let frame = fiber.frames.get(index)?;
            let FrameKind::Code(code) = &frame.kind else {
                return None;
            };
            match known(frame, code) {
                Known::At(location) => break location,
                Known::Nowhere => return None,
                Known::InCaller => {}
            }
            let source = &code.unit.code.source;
            let Some((holder, found)) = find_below(fiber, index, source) else {
                break (self.natives.location_in_caller)(self, source)?;
            };
            let FrameKind::Code(code) = &fiber.frames.get(holder)?.kind else {
                return None;
            };
            parts.push((code, found));
            index = holder;
        };
        for (holder, found) in parts.iter().rev() {
            location = location.part(&holder.unit.code.source, found);
        }
        Some(location)
    }

    /// Where `text`, a literal word of the command that runs now, begins.
    pub(crate) fn location_of_word(&self, text: &str) -> Option<Location> {
        let fiber = &*self.fiber;
        let top = fiber.frames.len().checked_sub(1)?;
        let FrameKind::Code(code) = &fiber.frames.get(top)?.kind else {
            return None;
        };
        let found = find_in(code, text, Search::Whole)?;
        let source = &code.unit.code.source;
        let frames = match source.len() < REMEMBERED_BYTES_MIN {
            true => None,
            false => frames_up_to(fiber, top),
        };
        let Some(frames) = frames else {
            return Some(self.location_of_frame(fiber, top)?.part(source, &found));
        };
        if self.last_location.borrow().frames != frames {
            // Not borrowed meanwhile: the search may come back to this interpreter through others.
            let location = self.location_of_frame(fiber, top);
            *self.last_location.borrow_mut() = LastLocation {
                frames,
                location,
                counted: (0, 0),
            };
        }
        let mut last = self.last_location.borrow_mut();
        let newlines = last.newlines_before(source, found.start);
        Some(last.location.as_ref()?.part_after(newlines, &found))
    }
}

/// What is known about a unit's place without its callers.
enum Known {
    At(Location),
    Nowhere,
    /// The unit is a script that a command below may hold as a literal.
    InCaller,
}

fn known(frame: &Frame, code: &CodeFrame) -> Known {
    match &frame.end {
        End::Script(Label::File(file)) => Known::At(Location::of_file(&file.path)),
        End::Procedure => match code.unit.origin.get() {
            Some(location) => Known::At(location.clone()),
            None => Known::Nowhere,
        },
        _ => Known::InCaller,
    }
}

/// The pattern of the `switch` whose arm a script is, as its label has it.
fn arm_pattern(frame: &Frame) -> &str {
    let End::Script(Label::Made(label)) = &frame.end else {
        return "";
    };
    label
        .strip_prefix('"')
        .and_then(|label| label.strip_suffix("\" arm"))
        .unwrap_or_default()
}

/// The frame below `index` whose running command has `text` as a literal, and where.
fn find_below(fiber: &Fiber, index: usize, text: &str) -> Option<(usize, Found)> {
    let mut search = Search::Part(fiber.frames.get(index).map_or("", arm_pattern));
    for holder in (0..index).rev() {
        let FrameKind::Code(code) = &fiber.frames.get(holder)?.kind else {
            continue;
        };
        if let Some(found) = find_in(code, text, search) {
            return Some((holder, found));
        }
        search = Search::Whole;
    }
    None
}

/// Where `text` stands in the command that a unit runs.
fn find_in(code: &CodeFrame, text: &str, search: Search<'_>) -> Option<Found> {
    let unit = &code.unit.code;
    let range = unit.command_at(code.pc.saturating_sub(1))?;
    if range.span.byte_count() < text.len() {
        return None;
    }
    let script = parse_script(&unit.source, range.span);
    let words = &script.commands.first()?.words;
    // The body of a procedure is the last word.
    let whole = words
        .iter()
        .rev()
        .find_map(|word| find_in_word(word, &unit.source, text, Search::Whole));
    if whole.is_some() || search == Search::Whole || text.is_empty() {
        return whole;
    }
    words
        .iter()
        .find_map(|word| find_in_word(word, &unit.source, text, search))
}

fn find_in_word(word: &Word, source: &str, text: &str, search: Search<'_>) -> Option<Found> {
    let (content, start, joins) = literal(word, source)?;
    let at = match search {
        Search::Whole if *content == *text => 0,
        Search::Whole => return None,
        Search::Part(pattern) => {
            let content = content.as_bytes();
            let find = memchr::memmem::Finder::new(text);
            let first = memchr::memmem::find(content, pattern.as_bytes()).unwrap_or(0);
            let after = content.get(first..).and_then(|rest| find.find(rest));
            match after {
                Some(distance) => first + distance,
                None => find.find(content)?,
            }
        }
    };
    // What is taken as it stands is a part of the source too.
    let (start, before) = match &word.kind {
        WordKind::Verbatim(_) => (start + at, 0),
        _ => (start, at),
    };
    Some(Found {
        start,
        lines: lines_before(&content, &joins, before),
        joins: within(&joins, at, text.len()),
        byte_count: text.len(),
    })
}

/// The text of a constant word, where it begins in the source, and its joins.
fn literal<'a>(word: &'a Word, source: &'a str) -> Option<(Cow<'a, str>, usize, Vec<u32>)> {
    match &word.kind {
        WordKind::Verbatim(span) => Some((
            Cow::Borrowed(span.text(source)),
            span.start as usize,
            Vec::new(),
        )),
        // tclsh keeps no track of a literal list that backslashes have changed.
        WordKind::Literal(_) if word.expand => None,
        WordKind::Literal(text) => {
            let opening = match word.quoting {
                Quoting::Bare => 0,
                Quoting::Quoted | Quoting::Braced => 1,
            };
            let start = word.span.start as usize + opening;
            let raw = source.get(start..word.span.end as usize)?;
            Some((Cow::Borrowed(text), start, joins_of(raw)))
        }
        WordKind::Parts(_) => None,
    }
}

/// Where the blanks come to stand that replace each backslash-newline of a word in braces. (In quotes other backslashes shorten
/// the text too; then the lines of what follows one on the same line may be off by one, as nobody counts on.)
fn joins_of(raw: &str) -> Vec<u32> {
    let bytes = raw.as_bytes();
    let mut joins = Vec::new();
    let (mut at, mut offset) = (0, 0);
    while let Some(distance) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += distance;
        offset += distance;
        if bytes.get(at + 1) != Some(&b'\n') {
            at += 2;
            offset += 2;
            continue;
        }
        joins.push(offset as u32);
        at += 2;
        offset += 1;
        while matches!(bytes.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
    }
    joins
}
