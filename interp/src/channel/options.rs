//! The options of `fconfigure`, with Tcl's names, abbreviations and texts.

use super::channel::Channel;
use super::driver::OptionValue;
use super::encoding::Encoding;
use super::error::ChannelError;
use super::{Buffering, Translation};

/// The options that every channel has, in the order in which `fconfigure` lists them.
pub const GENERIC_OPTIONS: [&str; 6] = [
    "-blocking",
    "-buffering",
    "-buffersize",
    "-encoding",
    "-eofchar",
    "-translation",
];

/// How much of each of [`GENERIC_OPTIONS`] must be given.
const SHORTEST: [usize; 6] = [3, 8, 8, 3, 3, 2];

/// Buffer sizes are held within these: tclsh's limits.
const BUFFER_SIZE_MAX: i64 = 1 << 20;

/// Which generic option `name` stands for.
fn generic_option(name: &str) -> Option<&'static str> {
    GENERIC_OPTIONS
        .iter()
        .zip(SHORTEST)
        .find(|(option, shortest)| name.len() >= *shortest && option.starts_with(name))
        .map(|(option, _)| *option)
}

/// Which of the driver's options `name` stands for.
fn driver_option(options: &[&'static str], name: &str) -> Option<&'static str> {
    options
        .iter()
        .find(|option| name.len() >= 2 && option.starts_with(name))
        .copied()
}

fn bad_option(name: &str, driver_options: &[&'static str]) -> ChannelError {
    let mut known: Vec<&str> = GENERIC_OPTIONS.to_vec();
    known.extend(driver_options);
    let last = known.pop().unwrap_or_default();
    ChannelError::message(format!(
        "bad option \"{name}\": should be one of {}, or {last}",
        known.join(", ")
    ))
}

/// An option that can be set, found by [`Channel::settable_option`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settable {
    /// `-blocking`: [`Channel::set_blocking`].
    Blocking,
    /// `-buffering`: [`Channel::set_buffering`].
    Buffering,
    /// `-buffersize`: [`Channel::set_buffer_size`].
    BufferSize,
    /// `-encoding`: [`Channel::set_encoding_name`].
    Encoding,
    /// `-eofchar`: [`Channel::set_eof_chars`].
    EofChar,
    /// `-translation`: [`Channel::set_translations`].
    Translation,
    /// One of the driver's: [`Channel::set_driver_option`].
    Driver(&'static str),
}

impl Channel {
    /// Which settable option `name`, perhaps abbreviated, stands for. Errors: Tcl's `bad option`.
    pub fn settable_option(&mut self, name: &str) -> Result<Settable, ChannelError> {
        Ok(match generic_option(name) {
            Some("-blocking") => Settable::Blocking,
            Some("-buffering") => Settable::Buffering,
            Some("-buffersize") => Settable::BufferSize,
            Some("-encoding") => Settable::Encoding,
            Some("-eofchar") => Settable::EofChar,
            Some(_) => Settable::Translation,
            None => {
                let known = self.driver().settable_names();
                Settable::Driver(driver_option(known, name).ok_or_else(|| bad_option(name, known))?)
            }
        })
    }

    /// All options with their values, as `fconfigure` lists them.
    pub fn options(&mut self) -> Result<Vec<(&'static str, OptionValue)>, ChannelError> {
        let mut all: Vec<(&'static str, OptionValue)> = GENERIC_OPTIONS
            .iter()
            .map(|option| (*option, self.generic_value(option)))
            .collect();
        for option in self.driver().option_names().iter().copied() {
            if option != "-connecting"
                && let Ok(Some(value)) = self.driver().option(option)
            {
                all.push((option, value));
            }
        }
        Ok(all)
    }

    /// The value of one option, whose name may be abbreviated. Errors: Tcl's `bad option`, or the driver's own.
    pub fn option(&mut self, name: &str) -> Result<OptionValue, ChannelError> {
        if let Some(option) = generic_option(name) {
            return Ok(self.generic_value(option));
        }
        let known = self.driver().option_names();
        let hidden = self.driver().hidden_option_names();
        let option = driver_option(known, name)
            .or_else(|| driver_option(hidden, name))
            .ok_or_else(|| bad_option(name, known))?;
        Ok(self
            .driver()
            .option(option)?
            .unwrap_or(OptionValue::Text(String::new())))
    }

    fn generic_value(&self, option: &str) -> OptionValue {
        match option {
            "-blocking" => OptionValue::Text(u8::from(self.was_blocking()).to_string()),
            "-buffering" => OptionValue::Text(self.output.buffering.name().to_owned()),
            "-buffersize" => OptionValue::Text(self.buffer_size.to_string()),
            "-encoding" => OptionValue::Text(self.encoding.name().to_owned()),
            "-eofchar" => self.per_direction(
                eof_text(self.input.eof_char),
                eof_text(self.output.eof_char),
                "",
            ),
            _ => {
                let (input, output) = (
                    self.input.translation.name(),
                    self.output.translation.name(),
                );
                self.per_direction(input.to_owned(), output.to_owned(), "auto")
            }
        }
    }

    fn per_direction(&self, input: String, output: String, neither: &str) -> OptionValue {
        match (self.is_readable(), self.is_writable()) {
            (true, true) => OptionValue::List(vec![input, output]),
            (true, false) => OptionValue::Text(input),
            (false, true) => OptionValue::Text(output),
            (false, false) => OptionValue::Text(neither.to_owned()),
        }
    }

    /// Sets when output goes out, by name. Errors: Tcl's text.
    pub fn set_buffering(&mut self, name: &str) -> Result<(), ChannelError> {
        let is_prefix_of = |whole: &str| !name.is_empty() && whole.starts_with(name);
        self.output.buffering = if is_prefix_of("full") {
            Buffering::Full
        } else if is_prefix_of("line") {
            Buffering::Line
        } else if is_prefix_of("none") {
            Buffering::None
        } else {
            return Err(ChannelError::message(
                "bad value for -buffering: must be one of full, line, or none",
            ));
        };
        Ok(())
    }

    /// Sets when output goes out.
    pub fn set_buffering_mode(&mut self, buffering: Buffering) {
        self.output.buffering = buffering;
    }

    /// Sets the buffer size in bytes, held within tclsh's limits (1 to 1 MiB).
    pub fn set_buffer_size(&mut self, bytes: i64) {
        self.buffer_size = usize::try_from(bytes.clamp(1, BUFFER_SIZE_MAX)).unwrap_or(1);
    }

    /// Sets the encoding by name; `binary` and the empty name mean bytes. Errors: Tcl's `unknown encoding`.
    pub fn set_encoding_name(&mut self, name: &str) -> Result<(), ChannelError> {
        let encoding = match name {
            "" | "binary" => Encoding::BINARY,
            _ => Encoding::find(name).ok_or_else(|| {
                ChannelError::coded(
                    format!("unknown encoding \"{name}\""),
                    &["TCL", "LOOKUP", "ENCODING", name],
                )
            })?,
        };
        self.set_encoding(encoding);
        // As in tclsh even when it is the same: a partial character that waits makes the channel readable once more.
        self.input.rescan();
        Ok(())
    }

    /// Sets the encoding.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        if self.encoding == encoding {
            return;
        }
        self.encoding = encoding;
        self.output.set_encoder(encoding.encoder());
        self.input.set_decoder(encoding.decoder());
        self.input.rescan();
    }

    /// Sets the characters that end input and output: none, one for both, or two. Errors: Tcl's text.
    pub fn set_eof_chars(&mut self, words: &[String]) -> Result<(), ChannelError> {
        let (input, output) = match words {
            [] => (None, None),
            [both] => (eof_char(both)?, eof_char(both)?),
            [input, output] => (eof_char(input)?, eof_char(output)?),
            _ => {
                return Err(ChannelError::message(
                    "bad value for -eofchar: should be a list of zero, one, or two elements",
                ));
            }
        };
        if self.is_readable() {
            self.input.eof_char = input;
        }
        if self.is_writable() {
            self.output.eof_char = output;
        }
        self.input.forget_eof();
        Ok(())
    }

    /// Sets the translations by name: one for both directions, or two. `binary` also sets encoding and eof character.
    /// Errors: Tcl's texts.
    pub fn set_translations(&mut self, words: &[String]) -> Result<(), ChannelError> {
        let (input, output) = match words {
            [both] => (both, both),
            [input, output] => (input, output),
            _ => {
                return Err(ChannelError::message(
                    "bad value for -translation: must be a one or two element list",
                ));
            }
        };
        if self.is_readable() {
            self.set_input_translation(input)?;
        }
        if self.is_writable() {
            self.set_output_translation(output)?;
        }
        Ok(())
    }

    fn set_input_translation(&mut self, name: &str) -> Result<(), ChannelError> {
        let translation = match name {
            "" => return Ok(()),
            "binary" => {
                self.input.eof_char = None;
                self.set_encoding(Encoding::BINARY);
                Translation::Lf
            }
            _ => translation(name)?,
        };
        if translation != self.input.translation {
            self.input.translation = translation;
            self.input.translation_changed();
        }
        self.input.rescan();
        Ok(())
    }

    fn set_output_translation(&mut self, name: &str) -> Result<(), ChannelError> {
        self.output.translation = match name {
            "" => return Ok(()),
            "binary" => {
                self.output.eof_char = None;
                self.set_encoding(Encoding::BINARY);
                Translation::Lf
            }
            // The network's line end for sockets, the platform's otherwise.
            "auto" if self.kind() == "tcp" => Translation::CrLf,
            _ => match translation(name)? {
                Translation::Auto => Translation::Lf,
                other => other,
            },
        };
        Ok(())
    }

    /// Sets both translations.
    pub fn set_translation_modes(&mut self, input: Translation, output: Translation) {
        self.input.translation = input;
        self.output.translation = if output == Translation::Auto {
            Translation::Lf
        } else {
            output
        };
    }

    /// Sets one of the driver's own options, found by [`Channel::settable_option`].
    pub fn set_driver_option(
        &mut self,
        name: &'static str,
        value: &str,
    ) -> Result<(), ChannelError> {
        self.driver().set_option(name, value)
    }
}

fn translation(name: &str) -> Result<Translation, ChannelError> {
    match name {
        "auto" => Ok(Translation::Auto),
        "lf" | "platform" => Ok(Translation::Lf),
        "cr" => Ok(Translation::Cr),
        "crlf" => Ok(Translation::CrLf),
        _ => Err(ChannelError::message(
            "bad value for -translation: must be one of auto, binary, cr, lf, crlf, or platform",
        )),
    }
}

/// The first character of the word. Errors: Tcl's text for one that is not a single byte everywhere.
fn eof_char(word: &str) -> Result<Option<u8>, ChannelError> {
    match word.bytes().next() {
        Some(0 | 0x80..) => Err(ChannelError::message(
            "bad value for -eofchar: must be non-NUL ASCII character",
        )),
        first => Ok(first),
    }
}

fn eof_text(eof_char: Option<u8>) -> String {
    eof_char
        .map(|byte| char::from(byte).to_string())
        .unwrap_or_default()
}
