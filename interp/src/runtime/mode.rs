//! Engine modes: ways to run that must not change any result, for tests.

/// How the engine runs. A script that behaves differently in two modes shows a bug of the engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// As users run it.
    #[default]
    Normal,
    /// No command is compiled inline.
    Invoke,
    /// After each command, its result keeps nothing but its string.
    Forget,
    /// Every value counts as shared, so that nothing is changed in place.
    Share,
    /// The run loop is left and entered again at every safepoint, and every call and loop turn is one.
    Yield,
}

impl Mode {
    /// All modes with their names.
    pub const ALL: [(&'static str, Mode); 5] = [
        ("normal", Mode::Normal),
        ("invoke", Mode::Invoke),
        ("forget", Mode::Forget),
        ("share", Mode::Share),
        ("yield", Mode::Yield),
    ];

    /// The mode of this name.
    pub fn from_name(name: &str) -> Option<Mode> {
        Mode::ALL
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, mode)| *mode)
    }
}

impl super::Interp {
    /// Chooses the engine mode; to be called before any script runs.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
        crate::value::set_share_all(mode == Mode::Share);
        self.compile_epoch += 1;
        self.safepoint.is_every_turn = mode == Mode::Yield;
    }
}
