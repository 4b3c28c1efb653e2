//! The words of `exec` and `open |…`, read as a pipeline: commands, redirections, `&`. Pure; nothing is opened here.

use super::error::ChannelError;

/// Most commands in one pipeline. Each costs a process and two descriptors.
pub const STAGES_MAX: usize = 1024;

/// One command of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stage {
    /// The program and its arguments; at least one word.
    pub words: Vec<String>,
    /// Standard error goes into the pipe too (`|&`).
    pub pipes_stderr: bool,
}

/// Where the first command reads from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum InputFrom {
    /// Wherever the caller says.
    #[default]
    Default,
    /// `< file`.
    File(String),
    /// `<< text`.
    Text(String),
    /// `<@ channel`.
    Channel(String),
}

/// Where output or errors go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OutputTo {
    /// Wherever the caller says.
    #[default]
    Default,
    /// `> file`, `>> file`.
    File {
        /// The file's name.
        name: String,
        /// Whether to write at its end.
        append: bool,
    },
    /// `>@ channel`.
    Channel(String),
    /// For errors only: wherever the last command's output goes (`2>@1`, `>&`, `>&@`).
    SameAsOutput,
}

/// A pipeline as its words say it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pipeline {
    /// The commands; at least one.
    pub stages: Vec<Stage>,
    /// What the first one reads.
    pub input: InputFrom,
    /// Where the last one writes.
    pub output: OutputTo,
    /// Where all of them write errors.
    pub error: OutputTo,
    /// It ended with `&`.
    pub is_background: bool,
}

/// One redirection operator: its spelling, and what it redirects.
struct Operator {
    spelling: &'static str,
    action: Action,
}

#[derive(Clone, Copy)]
enum Action {
    InputFile,
    InputText,
    InputChannel,
    Output(Target),
    OutputAndError(Target),
    Error(Target),
}

#[derive(Clone, Copy)]
enum Target {
    File,
    Append,
    Channel,
}

/// Longer spellings before their beginnings.
const OPERATORS: &[Operator] = &[
    Operator {
        spelling: "<<",
        action: Action::InputText,
    },
    Operator {
        spelling: "<@",
        action: Action::InputChannel,
    },
    Operator {
        spelling: "<",
        action: Action::InputFile,
    },
    Operator {
        spelling: ">>&",
        action: Action::OutputAndError(Target::Append),
    },
    Operator {
        spelling: ">>",
        action: Action::Output(Target::Append),
    },
    Operator {
        spelling: ">&@",
        action: Action::OutputAndError(Target::Channel),
    },
    Operator {
        spelling: ">@",
        action: Action::Output(Target::Channel),
    },
    Operator {
        spelling: ">&",
        action: Action::OutputAndError(Target::File),
    },
    Operator {
        spelling: ">",
        action: Action::Output(Target::File),
    },
    Operator {
        spelling: "2>>",
        action: Action::Error(Target::Append),
    },
    Operator {
        spelling: "2>@",
        action: Action::Error(Target::Channel),
    },
    Operator {
        spelling: "2>",
        action: Action::Error(Target::File),
    },
];

fn bar_misused() -> ChannelError {
    ChannelError::coded(
        "illegal use of | or |& in command",
        &["TCL", "OPERATION", "EXEC", "PIPESYNTAX"],
    )
}

/// Reads the words of a pipeline.
///
/// Errors: `illegal use of | …`, `can't specify "…" as last word in command`, `must specify "2>@1" as last word …`.
/// Source: exec(n).
pub fn parse(words: &[String]) -> Result<Pipeline, ChannelError> {
    let mut pipeline = Pipeline::default();
    let words = match words.split_last() {
        Some((last, before)) if last == "&" => {
            pipeline.is_background = true;
            before
        }
        _ => words,
    };
    let mut stage = Stage::default();
    let mut last_bar = None;
    let mut index = 0;
    while let Some(word) = words.get(index) {
        if let Some(pipes_stderr) = bar(word) {
            let follows_bar = last_bar.map_or(index == 0, |bar: usize| bar + 1 == index);
            if follows_bar || index + 1 == words.len() {
                return Err(bar_misused());
            }
            last_bar = Some(index);
            stage.pipes_stderr = pipes_stderr;
            pipeline.push(std::mem::take(&mut stage))?;
        } else if word == "2>@1" {
            if index + 1 != words.len() {
                return Err(ChannelError::coded(
                    "must specify \"2>@1\" as last word in command",
                    &["TCL", "OPERATION", "EXEC", "PIPESYNTAX"],
                ));
            }
            pipeline.error = OutputTo::SameAsOutput;
        } else if let Some(operator) = OPERATORS
            .iter()
            .find(|operator| word.starts_with(operator.spelling))
        {
            let rest = word.get(operator.spelling.len()..).unwrap_or_default();
            let operand = if rest.is_empty() {
                index += 1;
                words
                    .get(index)
                    .map(String::as_str)
                    .ok_or_else(|| lacks_operand(operator.spelling))?
            } else {
                rest
            };
            pipeline.redirect(operator.action, operand);
        } else {
            stage.words.push(word.clone());
        }
        index += 1;
    }
    pipeline.push(stage)?;
    Ok(pipeline)
}

/// Whether the word is a bar, and if so whether it takes standard error along.
fn bar(word: &str) -> Option<bool> {
    match word {
        "|" => Some(false),
        "|&" => Some(true),
        _ => None,
    }
}

fn lacks_operand(spelling: &str) -> ChannelError {
    // tclsh has its own word for the one that takes text.
    let kind = if spelling == "<<" {
        "PIPESYNTAX"
    } else {
        "SYNTAX"
    };
    ChannelError::coded(
        format!("can't specify \"{spelling}\" as last word in command"),
        &["TCL", "OPERATION", "EXEC", kind],
    )
}

impl Pipeline {
    fn push(&mut self, stage: Stage) -> Result<(), ChannelError> {
        if stage.words.is_empty() {
            return Err(bar_misused());
        }
        if self.stages.len() >= STAGES_MAX {
            return Err(ChannelError::coded(
                format!("too many commands in pipeline (limit {STAGES_MAX})"),
                &["REMEX", "LIMIT", "PIPELINE"],
            ));
        }
        self.stages.push(stage);
        Ok(())
    }

    fn redirect(&mut self, action: Action, operand: &str) {
        let to = |target: Target| match target {
            Target::File => OutputTo::File {
                name: operand.to_owned(),
                append: false,
            },
            Target::Append => OutputTo::File {
                name: operand.to_owned(),
                append: true,
            },
            Target::Channel => OutputTo::Channel(operand.to_owned()),
        };
        match action {
            Action::InputFile => self.input = InputFrom::File(operand.to_owned()),
            Action::InputText => self.input = InputFrom::Text(operand.to_owned()),
            Action::InputChannel => self.input = InputFrom::Channel(operand.to_owned()),
            Action::Output(target) => {
                let before = std::mem::replace(&mut self.output, to(target));
                if self.error == OutputTo::SameAsOutput {
                    // Errors stay where `>&` has sent them.
                    self.error = before;
                }
            }
            Action::OutputAndError(target) => {
                self.output = to(target);
                self.error = OutputTo::SameAsOutput;
            }
            Action::Error(target) => self.error = to(target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Pipeline, String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        parse(&words).map_err(|error| error.text("", ""))
    }

    #[test]
    fn commands_and_redirections() {
        let pipeline = read("a b <in |& c >>out 2> err &").unwrap();
        assert_eq!(pipeline.stages.len(), 2);
        assert_eq!(
            pipeline.stages[0],
            Stage {
                words: vec!["a".into(), "b".into()],
                pipes_stderr: true
            }
        );
        assert_eq!(pipeline.input, InputFrom::File("in".into()));
        assert_eq!(
            pipeline.output,
            OutputTo::File {
                name: "out".into(),
                append: true
            }
        );
        assert_eq!(
            pipeline.error,
            OutputTo::File {
                name: "err".into(),
                append: false
            }
        );
        assert!(pipeline.is_background);
        let pipeline = read("a << text >&@ stdout").unwrap();
        assert_eq!(pipeline.input, InputFrom::Text("text".into()));
        assert_eq!(
            (pipeline.output, pipeline.error),
            (OutputTo::Channel("stdout".into()), OutputTo::SameAsOutput)
        );
        assert_eq!(read("a 2>@1").unwrap().error, OutputTo::SameAsOutput);
    }

    #[test]
    fn mistakes_have_tcls_texts() {
        for words in ["|", "a |", "a | | b", "&", "< x", "a | < x"] {
            assert_eq!(
                read(words).unwrap_err(),
                "illegal use of | or |& in command",
                "{words}"
            );
        }
        assert_eq!(
            read("a <").unwrap_err(),
            "can't specify \"<\" as last word in command"
        );
        assert_eq!(
            read("a 2>@1 b").unwrap_err(),
            "must specify \"2>@1\" as last word in command"
        );
    }
}
