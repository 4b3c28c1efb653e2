//! Copying from one channel to another: the engine of `fcopy`.

use super::channel::Channel;
use super::error::ChannelError;

/// Most characters or bytes that one step moves, so that other events get their turn.
const STEP_SIZE: usize = 1 << 16;

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
    /// Characters moved, or bytes if both channels are binary: what `fcopy` counts.
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
    if destination.is_draining() {
        return Ok(CopyStep {
            moved: 0,
            progress: CopyProgress::NeedsOutput,
        });
    }
    let size = left.map_or(STEP_SIZE, |left| {
        usize::try_from(left).map_or(STEP_SIZE, |left| left.min(STEP_SIZE))
    });
    let moved = if source.reads_bytes() && destination.writes_bytes() {
        copy_bytes(source, destination, size)?
    } else {
        copy_chars(source, destination, size)?
    };
    let moved = u64::try_from(moved).unwrap_or(u64::MAX);
    let progress = if source.at_eof() || left == Some(moved) {
        destination.flush().map_err(CopyError::Writing)?;
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

fn copy_bytes(
    source: &mut Channel,
    destination: &mut Channel,
    size: usize,
) -> Result<usize, CopyError> {
    let mut bytes = Vec::new();
    source
        .read_bytes(Some(size), &mut bytes)
        .map_err(CopyError::Reading)?;
    destination
        .write_bytes(&bytes)
        .map_err(CopyError::Writing)?;
    Ok(bytes.len())
}

fn copy_chars(
    source: &mut Channel,
    destination: &mut Channel,
    size: usize,
) -> Result<usize, CopyError> {
    let mut text = String::new();
    let chars = source
        .read(Some(size), &mut text)
        .map_err(CopyError::Reading)?;
    destination.write_str(&text).map_err(CopyError::Writing)?;
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
