//! Every maximum in one place, each with the reason for its number.

/// Longest integer in bits: `1 << 2**28` would take 32 MB, and multiplying such numbers minutes.
pub const INTEGER_BITS_MAX: u64 = 1 << 28;

/// Longest string in bytes. Tcl's own limit is 2 GiB; half of it leaves room for one copy in 24 bits of doubling.
pub const STRING_BYTES_MAX: usize = 1 << 30;

/// Longest list in elements: 4 GiB of values.
pub const LIST_ELEMENTS_MAX: usize = 1 << 28;

/// How deep the run loop may nest on the Rust stack (traces, sort commands, nested event loops), so that the
/// default 8 MiB stack holds. Scripts that call scripts do not nest it.
pub const NESTED_RUN_MAX: u32 = 200;

/// `interp recursionlimit` of a new interpreter, as Tcl's.
pub const RECURSION_DEFAULT: usize = 1000;

/// The highest `interp recursionlimit`: a million frames take about 200 MB.
pub const RECURSION_MAX: usize = 1_000_000;

/// Registers of one compiled unit: an operand has 16 bits, and some are kept for temporaries.
pub const REGISTERS_MAX: usize = 60_000;

/// Instructions between two looks at limits, interrupts and sockets. At some 5 ns each that is 50 µs.
pub const SAFEPOINT_INTERVAL: i32 = 10_000;

/// Encoding files that a process loads; they are never freed. Tcl has 80.
pub const ENCODING_FILES_MAX: usize = 256;

/// Longest encoding file in bytes: Tcl's longest has 130 kB, one with all 256 pages 270 kB.
pub const ENCODING_FILE_BYTES_MAX: u64 = 1 << 20;

/// Transformations on one channel (`chan push`): a read goes down through all of them on the Rust stack. More than a
/// handful make no sense.
pub const TRANSFORMS_MAX: usize = 100;

/// Coroutines that resume one another; each keeps frames of its own.
pub const COROUTINE_NESTING_MAX: usize = 10_000;

/// What unwinds when a limit is met where no error can be returned; the run loop turns it into an error of the script.
#[derive(Debug)]
pub struct LimitReached(pub &'static str);

/// Unwinds to the run loop, which reports `message` as the error of the running command.
pub fn reached(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(LimitReached(message)))
}
