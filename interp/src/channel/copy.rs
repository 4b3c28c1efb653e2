//! Copying from one channel to another: the engine of `fcopy`.

use super::channel::Channel;
use super::encoding::Encoding;
use super::error::ChannelError;

/// Most characters or bytes that one step moves, so that other events get their turn.
const STEP_SIZE: usize = 1 << 16;

/// Bytes of the longest UTF-8 character.
const CHAR_BYTES_MAX: usize = 4;

/// How a copy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyProgress {
    /// The size asked for has been moved, or the source is at its end.
    Done,
    /// The source has nothing at present; go on when it is readable.
    NeedsInput,
    /// The destination has no room at present; go on when it is writable.
    NeedsOutput,
    /// One step's worth has been moved; more is there.
    More,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyStep {
    /// Characters read, or bytes if the source is binary or both channels have one encoding: what `fcopy` counts.
    pub moved: u64,
    /// How it stands.
    pub progress: CopyProgress,
}

/// Which of the two channels failed.
#[derive(Debug)]
pub enum CopyError {
    /// Reading did.
    Reading(ChannelError),
    /// Writing did.
    Writing(ChannelError),
}

/// Moves some input of `source` to `destination`: what is there, at most `left` (`None`: no limit), and not more than
/// a moment's worth. The source must not block if the caller must not wait.
pub fn copy_step(
    source: &mut Channel,
    destination: &mut Channel,
    left: Option<u64>,
) -> Result<CopyStep, CopyError> {
    let reserved = (source.copying_from.take(), destination.copying_to.take());
    let step = unreserved_step(source, destination, left);
    (source.copying_from, destination.copying_to) = reserved;
    step
}

fn unreserved_step(
    source: &mut Channel,
    destination: &mut Channel,
    left: Option<u64>,
) -> Result<CopyStep, CopyError> {
    if destination.is_draining() {
        return Ok(CopyStep {
            moved: 0,
            progress: CopyProgress::NeedsOutput,
        });
    }
    let size = left.map_or(STEP_SIZE, |left| {
        usize::try_from(left).map_or(STEP_SIZE, |left| left.min(STEP_SIZE))
    });
    let moved = match (source.encoding(), destination.encoding()) {
        // Where a line end has bytes of its own, nothing needs to be decoded.
        (from, to) if from == to && from.has_ascii_newlines() => {
            copy_raw(source, destination, size)?
        }
        (_, to) if to.is_binary() => copy_to_binary(source, destination, size)?,
        (from, _) if from.is_binary() => copy_from_binary(source, destination, size, left)?,
        _ => copy_chars(source, destination, size)?,
    };
    let moved = u64::try_from(moved).unwrap_or(u64::MAX);
    let progress = if source.at_eof() || left == Some(moved) {
        written(destination.flush())?;
        CopyProgress::Done
    } else if destination.is_draining() {
        CopyProgress::NeedsOutput
    } else if source.is_blocked() {
        CopyProgress::NeedsInput
    } else {
        CopyProgress::More
    };
    Ok(CopyStep { moved, progress })
}

/// Between channels of one encoding nothing is decoded; line ends are translated all the same.
fn copy_raw(
    source: &mut Channel,
    destination: &mut Channel,
    size: usize,
) -> Result<usize, CopyError> {
    let encoding = std::mem::replace(&mut source.encoding, Encoding::BINARY);
    destination.encoding = Encoding::BINARY;
    let moved = if source.reads_bytes() && destination.writes_bytes() {
        copy_bytes(source, destination, size)
    } else {
        copy_chars(source, destination, size)
    };
    (source.encoding, destination.encoding) = (encoding, encoding);
    moved
}

/// As in tclsh, a binary destination gets the characters in UTF-8.
fn copy_to_binary(
    source: &mut Channel,
    destination: &mut Channel,
    size: usize,
) -> Result<usize, CopyError> {
    let (text, chars) = read_chars(source, size)?;
    let mut bytes = Vec::new();
    Encoding::UTF_8.encode(&text, &mut bytes);
    let as_chars: String = bytes.iter().copied().map(char::from).collect();
    written(destination.write_str(&as_chars))?;
    Ok(chars)
}

/// As in tclsh, the bytes of a binary source are characters in UTF-8.
fn copy_from_binary(
    source: &mut Channel,
    destination: &mut Channel,
    size: usize,
    left: Option<u64>,
) -> Result<usize, CopyError> {
    let mut as_chars = String::new();
    let mut count = read_some(source, size, &mut as_chars)?;
    // A character that goes on beyond the step.
    while count >= size
        && count < size + CHAR_BYTES_MAX
        && left.is_none_or(|left| left > count as u64)
        && ends_within_char(&as_chars)
    {
        match source.read(Some(1), &mut as_chars) {
            Ok(1) => count += 1,
            _ => break,
        }
    }
    let is_whole = !ends_within_char(&as_chars);
    while ends_within_char(&as_chars) {
        as_chars.pop();
    }
    let bytes: Vec<u8> = as_chars.chars().map(|byte| byte as u8).collect();
    let mut text = String::new();
    Encoding::UTF_8.decode(&bytes, &mut text, true);
    written(destination.write_str(&text))?;
    if !is_whole {
        return Err(CopyError::Writing(rustix::io::Errno::INVAL.into()));
    }
    Ok(count)
}

/// [`Channel::read`] that moves what is there before the source's handler is called.
fn read_some(source: &mut Channel, size: usize, text: &mut String) -> Result<usize, CopyError> {
    match source.read(Some(size), text) {
        Err(ChannelError::Scripted) if !text.is_empty() => {
            source.take_scripted();
            Ok(text.chars().count())
        }
        read => read.map_err(CopyError::Reading),
    }
}

/// What has been written is in the buffer, even if the destination's handler has yet to be called: the caller goes on with
/// [`Channel::resume_output`].
fn written(result: Result<(), ChannelError>) -> Result<(), CopyError> {
    match result {
        Err(ChannelError::Scripted) => Ok(()),
        other => other.map_err(CopyError::Writing),
    }
}

/// Whether the bytes, given as characters, end with the beginning of a UTF-8 character.
fn ends_within_char(as_chars: &str) -> bool {
    let mut tail: Vec<u8> = as_chars
        .chars()
        .rev()
        .take(CHAR_BYTES_MAX)
        .map(|byte| byte as u8)
        .collect();
    tail.reverse();
    let lead = tail.iter().rposition(|byte| *byte & 0xC0 != 0x80);
    lead.is_some_and(|lead| {
        let wanted = match tail.get(lead).copied().unwrap_or_default() {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        tail.len() - lead < wanted
    })
}

fn copy_bytes(
    source: &mut Channel,
    destination: &mut Channel,
    size: usize,
) -> Result<usize, CopyError> {
    let mut bytes = Vec::new();
    match source.read_bytes(Some(size), &mut bytes) {
        // What is there is moved before the source's handler is called.
        Err(ChannelError::Scripted) if !bytes.is_empty() => drop(source.take_scripted()),
        read => read.map_err(CopyError::Reading)?,
    }
    written(destination.write_bytes(&bytes))?;
    Ok(bytes.len())
}

/// At most `size` chars of the source, and how many they are.
fn read_chars(source: &mut Channel, size: usize) -> Result<(String, usize), CopyError> {
    let mut text = String::new();
    let chars = read_some(source, size, &mut text)?;
    Ok((text, chars))
}

fn copy_chars(
    source: &mut Channel,
    destination: &mut Channel,
    size: usize,
) -> Result<usize, CopyError> {
    let (text, chars) = read_chars(source, size)?;
    written(destination.write_str(&text))?;
    Ok(chars)
}

/// Moves everything, or `size` of it, waiting as needed: `fcopy` without `-command`. Returns how much was moved.
pub fn copy_all(
    source: &mut Channel,
    destination: &mut Channel,
    size: Option<u64>,
) -> Result<u64, CopyError> {
    let mut total = 0;
    loop {
        let step = copy_step(source, destination, size.map(|size| size - total))?;
        total += step.moved;
        match step.progress {
            CopyProgress::Done => return Ok(total),
            CopyProgress::More => {}
            CopyProgress::NeedsInput => source.wait_for_input().map_err(CopyError::Reading)?,
            CopyProgress::NeedsOutput => {
                destination.wait_for_output().map_err(CopyError::Writing)?
            }
        }
    }
}
