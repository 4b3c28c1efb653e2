//! Running pipelines: processes, their redirections, their ends.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::fs::{MemfdFlags, Mode, OFlags};

use super::channel::Channel;
use super::driver::{Direction, Driver, Side};
use super::encoding::system_encoding;
use super::errno::Errno;
use super::error::{ChannelError, ChildReport, ChildStatus};
use super::fd::{FdDriver, StandardStream, fd_name, set_fd_blocking};
use super::file::FileAccess;
use super::pipeline::{InputFrom, OutputTo, Pipeline, Stage};
use super::{path, wait};

/// What processes get from the interpreter that starts them.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The whole environment; `None`: this process's own.
    pub environment: Option<Vec<(OsString, OsString)>>,
    /// The working directory; `None`: this process's own.
    pub directory: Option<PathBuf>,
}

/// Finds the channels that redirections name (`<@ stdin`).
pub trait ChannelFinder {
    /// A descriptor of the channel's own for a child process to use in this direction, after writing out what waits.
    ///
    /// Errors: Tcl's `can not find channel named …` and `channel "…" wasn't opened for …`; see [`lend`].
    fn lend(&self, name: &str, direction: Direction) -> Result<OwnedFd, ChannelError>;

    /// What scripts have put in the place of a standard stream; `None`: nothing, this process's own is inherited.
    fn standard(&self, stream: StandardStream) -> Result<Option<OwnedFd>, ChannelError> {
        let _ = stream;
        Ok(None)
    }
}

/// A copy of the channel's descriptor for a child process. Output that waits is written out first.
pub fn lend(channel: &mut Channel, direction: Direction) -> Result<OwnedFd, ChannelError> {
    let (is_open, purpose) = match direction {
        Direction::Read => (channel.is_readable(), "reading"),
        Direction::Write => (channel.is_writable(), "writing"),
    };
    if direction == Direction::Write && is_open {
        channel.flush()?;
    }
    let fd = if is_open { channel.fd(direction) } else { None };
    let Some(fd) = fd else {
        // tclsh names the descriptor and not the channel here.
        let name = match channel.name() {
            "stdin" => "file0",
            "stdout" => "file1",
            "stderr" => "file2",
            name => name,
        };
        return Err(ChannelError::coded(
            format!("channel \"{name}\" wasn't opened for {purpose}"),
            &["TCL", "OPERATION", "EXEC", "BADCHAN"],
        ));
    };
    let copy = rustix::io::fcntl_dupfd_cloexec(fd, 3)?;
    if channel.kind() == "tcp" {
        // Sockets never block here; a child expects them to.
        set_fd_blocking(copy.as_fd(), true)?;
    }
    Ok(copy)
}

/// What one end of a pipeline is connected to when its words do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// This process's own stream.
    Inherit,
    /// A pipe to the interpreter.
    Pipe,
    /// For errors: kept in memory until the pipeline is closed.
    Capture,
}

/// A running pipeline.
#[derive(Debug, Default)]
pub struct SpawnedPipeline {
    children: Vec<Child>,
    /// To the first command's input.
    input: Option<OwnedFd>,
    /// From the last command's output.
    output: Option<OwnedFd>,
    /// Where standard error is collected.
    errors: Option<OwnedFd>,
}

impl Drop for SpawnedPipeline {
    /// A pipeline that is given up is left to end by itself.
    fn drop(&mut self) {
        detach(std::mem::take(&mut self.children));
    }
}

/// What the streams of a stage are connected to. `None`: this process's own stream.
struct Streams {
    input: Option<OwnedFd>,
    output: Option<OwnedFd>,
    error: Option<OwnedFd>,
}

fn copy_of(fd: &OwnedFd) -> Result<OwnedFd, ChannelError> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)
}

fn copy_of_any(fd: Option<&OwnedFd>, own: BorrowedFd<'_>) -> Result<OwnedFd, ChannelError> {
    match fd {
        Some(fd) => copy_of(fd),
        None => Ok(rustix::io::fcntl_dupfd_cloexec(own, 3)?),
    }
}

fn pipe_ends() -> Result<(OwnedFd, OwnedFd), ChannelError> {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|errno| ChannelError::posix("couldn't create pipe", errno.into()))
}

/// A nameless file, for what is told to or by processes as a whole.
fn nameless_file() -> Result<OwnedFd, ChannelError> {
    rustix::fs::memfd_create("remex", MemfdFlags::CLOEXEC)
        .map_err(|errno| ChannelError::posix("couldn't create temporary file", errno.into()))
}

fn open_input(name: &str) -> Result<OwnedFd, ChannelError> {
    let native = path::native(name)?;
    rustix::fs::open(
        native.as_os_str(),
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(|errno| {
        ChannelError::posix(format_args!("couldn't read file \"{name}\""), errno.into())
    })
}

fn open_output(name: &str, append: bool) -> Result<OwnedFd, ChannelError> {
    let native = path::native(name)?;
    let how = if append {
        OFlags::APPEND
    } else {
        OFlags::TRUNC
    };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | how;
    rustix::fs::open(native.as_os_str(), flags, Mode::from_raw_mode(0o666)).map_err(|errno| {
        ChannelError::posix(format_args!("couldn't write file \"{name}\""), errno.into())
    })
}

fn text_input(text: &str) -> Result<OwnedFd, ChannelError> {
    let file = nameless_file()?;
    let mut bytes = Vec::new();
    system_encoding().encode(text, &mut bytes);
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let written = rustix::io::write(&file, rest)?;
        rest = rest.get(written..).unwrap_or_default();
    }
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
    Ok(file)
}

/// Starts the processes of a pipeline. Whatever its words leave open is connected as `input`, `output` and `error` say.
fn spawn(
    pipeline: &Pipeline,
    finder: &dyn ChannelFinder,
    surroundings: &Surroundings,
    input: End,
    output: End,
    error: End,
) -> Result<SpawnedPipeline, ChannelError> {
    let mut spawned = SpawnedPipeline::default();
    let mut next_input = match &pipeline.input {
        InputFrom::File(name) => Some(open_input(name)?),
        InputFrom::Text(text) => Some(text_input(text)?),
        InputFrom::Channel(name) => Some(finder.lend(name, Direction::Read)?),
        InputFrom::Default if input == End::Pipe => {
            let (read_end, write_end) = pipe_ends()?;
            spawned.input = Some(write_end);
            Some(read_end)
        }
        InputFrom::Default => finder.standard(StandardStream::Stdin)?,
    };
    let last_output = match &pipeline.output {
        OutputTo::File { name, append } => Some(open_output(name, *append)?),
        OutputTo::Channel(name) => Some(finder.lend(name, Direction::Write)?),
        OutputTo::Default | OutputTo::SameAsOutput if output == End::Pipe => {
            let (read_end, write_end) = pipe_ends()?;
            spawned.output = Some(read_end);
            Some(write_end)
        }
        OutputTo::Default | OutputTo::SameAsOutput => finder.standard(StandardStream::Stdout)?,
    };
    let errors = match &pipeline.error {
        OutputTo::File { name, append } => Some(open_output(name, *append)?),
        OutputTo::Channel(name) => Some(finder.lend(name, Direction::Write)?),
        OutputTo::SameAsOutput => Some(copy_of_any(
            last_output.as_ref(),
            std::io::stdout().as_fd(),
        )?),
        OutputTo::Default if error == End::Capture => {
            let file = nameless_file()?;
            spawned.errors = Some(copy_of(&file)?);
            Some(file)
        }
        OutputTo::Default => finder.standard(StandardStream::Stderr)?,
    };
    // In tclsh a child's own standard output has been connected already when `2>@ stdout` is looked at.
    let follows_output = matches!(&pipeline.error, OutputTo::Channel(name) if name == "stdout")
        && finder.standard(StandardStream::Stdout)?.is_none();
    let count = pipeline.stages.len();
    let mut last_output = last_output;
    for (index, stage) in pipeline.stages.iter().enumerate() {
        let is_last = index + 1 == count;
        let mut following = None;
        let stage_output = if is_last {
            last_output.take()
        } else {
            let (read_end, write_end) = pipe_ends()?;
            following = Some(read_end);
            Some(write_end)
        };
        let stage_error = match (&stage_output, stage.pipes_stderr || follows_output) {
            (Some(pipe), true) => Some(copy_of(pipe)?),
            _ => errors.as_ref().map(copy_of).transpose()?,
        };
        let streams = Streams {
            input: next_input.take(),
            output: stage_output,
            error: stage_error,
        };
        spawned
            .children
            .push(spawn_stage(stage, streams, surroundings)?);
        next_input = following;
    }
    Ok(spawned)
}

fn spawn_stage(
    stage: &Stage,
    streams: Streams,
    surroundings: &Surroundings,
) -> Result<Child, ChannelError> {
    let (program, arguments) = stage.words.split_first().ok_or(rustix::io::Errno::INVAL)?;
    let failed =
        |errno: Errno| ChannelError::posix(format_args!("couldn't execute \"{program}\""), errno);
    if program.is_empty() {
        return Err(failed(rustix::io::Errno::NOENT.into()));
    }
    let native = path::native(program)?;
    let mut command = Command::new(&native);
    command.arg0(path::to_os(program));
    command.args(arguments.iter().map(|argument| path::to_os(argument)));
    if let Some(environment) = &surroundings.environment {
        command.env_clear();
        command.envs(environment.iter().map(|(name, value)| (name, value)));
    }
    if let Some(directory) = &surroundings.directory {
        command.current_dir(directory);
    }
    let connect = |fd: Option<OwnedFd>| fd.map_or_else(Stdio::inherit, Stdio::from);
    command
        .stdin(connect(streams.input))
        .stdout(connect(streams.output))
        .stderr(connect(streams.error));
    command.spawn().map_err(|error| failed(Errno::of(&error)))
}

thread_local! {
    /// Children that nobody waits for; collected when the next pipeline starts.
    static DETACHED: RefCell<Vec<Child>> = const { RefCell::new(Vec::new()) };
}

fn detach(children: Vec<Child>) {
    DETACHED.with(|detached| detached.borrow_mut().extend(children));
}

/// Collects background processes that have ended, so that they do not stay as zombies.
pub fn reap_detached() {
    DETACHED.with(|detached| {
        detached
            .borrow_mut()
            .retain_mut(|child| matches!(child.try_wait(), Ok(None)))
    });
}

/// Waits for one process, in a way that an interrupt can end.
fn wait_child(child: &mut Child) -> Result<ChildStatus, ChannelError> {
    let pid = child.id();
    // Ends the child's wait for input that will never come.
    drop(child.stdin.take());
    if wait::has_interrupt_check()
        && let Some(number) = i32::try_from(pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        && let Ok(handle) =
            rustix::process::pidfd_open(number, rustix::process::PidfdFlags::empty())
    {
        wait::wait_readable(handle.as_fd()).map_err(|_| ChannelError::Interrupted)?;
    }
    Ok(match child.wait() {
        Ok(status) => match (status.code(), status.signal(), status.stopped_signal()) {
            (Some(code), _, _) => ChildStatus::Exited { pid, code },
            (None, Some(signal), _) => ChildStatus::Killed { pid, signal },
            (None, None, signal) => ChildStatus::Stopped {
                pid,
                signal: signal.unwrap_or_default(),
            },
        },
        Err(error) => ChildStatus::Lost {
            pid,
            errno: Errno::of(&error),
        },
    })
}

impl SpawnedPipeline {
    /// Process numbers, first stage first.
    pub fn process_ids(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }

    /// Waits for all processes and collects what they said on standard error.
    fn finish(&mut self) -> Result<ChildReport, ChannelError> {
        self.input = None;
        self.output = None;
        let mut report = ChildReport::default();
        for child in &mut self.children {
            report.statuses.push(wait_child(child)?);
        }
        self.children.clear();
        if let Some(errors) = self.errors.take() {
            report.stderr = read_errors(errors)?;
        }
        Ok(report)
    }
}

fn read_errors(file: OwnedFd) -> Result<String, ChannelError> {
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
    let mut text = String::new();
    Channel::new("", Box::new(FdDriver::new(file, "file")), true, false).read(None, &mut text)?;
    Ok(text)
}

/// The result of [`exec`].
#[derive(Debug, Default)]
pub struct ExecOutput {
    /// What the last command wrote, inside text, lines ending in `\n`.
    pub output: String,
    /// How the processes ended.
    pub report: ChildReport,
    /// Process numbers of a pipeline left in the background; then nothing else is set.
    pub background: Vec<u32>,
}

impl ExecOutput {
    /// The result as `exec` gives it: output, then what went wrong, without the last newline unless `keeps_newline`.
    /// Whether it is an error: see [`ChildReport::is_error`].
    pub fn text(&self, keeps_newline: bool) -> String {
        let mut text = self.output.clone();
        if self.report.is_error() {
            text.push_str(&self.report.message());
        }
        if !keeps_newline && text.ends_with('\n') {
            text.pop();
        }
        text
    }
}

/// Runs a pipeline to its end, or starts it in the background.
///
/// * `ignores_stderr`: standard error is this process's own and no sign of failure (`-ignorestderr`).
///
/// Errors: a redirection or a program cannot be opened; [`ChannelError::Interrupted`], which leaves the processes be.
/// Source: exec(n).
pub fn exec(
    pipeline: &Pipeline,
    finder: &dyn ChannelFinder,
    surroundings: &Surroundings,
    ignores_stderr: bool,
) -> Result<ExecOutput, ChannelError> {
    reap_detached();
    if pipeline.is_background {
        let spawned = spawn(
            pipeline,
            finder,
            surroundings,
            End::Inherit,
            End::Inherit,
            End::Inherit,
        )?;
        return Ok(ExecOutput {
            background: spawned.process_ids(),
            ..ExecOutput::default()
        });
    }
    let error = if ignores_stderr {
        End::Inherit
    } else {
        End::Capture
    };
    let mut spawned = spawn(
        pipeline,
        finder,
        surroundings,
        End::Inherit,
        End::Pipe,
        error,
    )?;
    let mut output = String::new();
    if let Some(pipe) = spawned.output.take() {
        Channel::new("", Box::new(FdDriver::new(pipe, "pipe")), true, false)
            .read(None, &mut output)?;
    }
    let report = spawned.finish()?;
    Ok(ExecOutput {
        output,
        report,
        background: Vec::new(),
    })
}

/// Starts a pipeline with a channel to its ends (`open |…`): readable for the last command's output, writable for the
/// first one's input.
///
/// Errors: as [`exec`], and Tcl's `can't read output from command: …` and `can't write input to command: …`.
pub fn open_pipeline(
    pipeline: &Pipeline,
    access: FileAccess,
    finder: &dyn ChannelFinder,
    surroundings: &Surroundings,
) -> Result<Channel, ChannelError> {
    reap_detached();
    if access.is_readable && !matches!(pipeline.output, OutputTo::Default | OutputTo::SameAsOutput)
    {
        return Err(ChannelError::coded(
            "can't read output from command: standard output was redirected",
            &["TCL", "OPERATION", "EXEC", "BADREDIRECT"],
        ));
    }
    if access.is_writable && pipeline.input != InputFrom::Default {
        return Err(ChannelError::coded(
            "can't write input to command: standard input was redirected",
            &["TCL", "OPERATION", "EXEC", "BADREDIRECT"],
        ));
    }
    let end = |is_piped: bool| if is_piped { End::Pipe } else { End::Inherit };
    let spawned = spawn(
        pipeline,
        finder,
        surroundings,
        end(access.is_writable),
        end(access.is_readable),
        End::Capture,
    )?;
    let mut driver = PipelineDriver {
        input: None,
        output: None,
        spawned,
        is_blocking: true,
    };
    driver.input = driver
        .spawned
        .input
        .take()
        .map(|fd| FdDriver::new(fd, "pipe"));
    driver.output = driver
        .spawned
        .output
        .take()
        .map(|fd| FdDriver::new(fd, "pipe"));
    let fd = driver.fd(if access.is_readable {
        Direction::Read
    } else {
        Direction::Write
    });
    let name = fd.map(fd_name).unwrap_or_else(|| "file".to_owned());
    let mut channel = Channel::new(
        name,
        Box::new(driver),
        access.is_readable,
        access.is_writable,
    );
    if access.is_binary {
        channel.set_translations(&["binary".to_owned()])?;
    }
    Ok(channel)
}

/// The two ends of a pipeline of processes.
#[derive(Debug)]
pub struct PipelineDriver {
    /// To the first command.
    input: Option<FdDriver>,
    /// From the last command.
    output: Option<FdDriver>,
    spawned: SpawnedPipeline,
    is_blocking: bool,
}

fn not_open() -> io::Error {
    rustix::io::Errno::BADF.into()
}

impl Driver for PipelineDriver {
    fn kind(&self) -> &'static str {
        "pipe"
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.output.as_mut().ok_or_else(not_open)?.read(into)
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.input.as_mut().ok_or_else(not_open)?.write(from)
    }

    fn close(&mut self, side: Side) -> Result<(), ChannelError> {
        if side != Side::Write {
            self.output = None;
        }
        if side != Side::Read {
            self.input = None;
        }
        if side != Side::Both {
            return Ok(());
        }
        if !self.is_blocking {
            // Not waited for, as in tclsh.
            detach(std::mem::take(&mut self.spawned.children));
            return Ok(());
        }
        let report = self.spawned.finish()?;
        if report.is_error() {
            Err(ChannelError::Children(Box::new(report)))
        } else {
            Ok(())
        }
    }

    fn can_half_close(&self) -> bool {
        true
    }

    fn fd(&self, direction: Direction) -> Option<BorrowedFd<'_>> {
        match direction {
            Direction::Read => self.output.as_ref()?.fd(direction),
            Direction::Write => self.input.as_ref()?.fd(direction),
        }
    }

    fn set_blocking(&mut self, blocking: bool) -> io::Result<()> {
        for end in [&mut self.input, &mut self.output].into_iter().flatten() {
            end.set_blocking(blocking)?;
        }
        self.is_blocking = blocking;
        Ok(())
    }

    fn may_wait_in_read(&self) -> bool {
        true
    }

    fn process_ids(&self) -> Vec<u32> {
        self.spawned.process_ids()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
