//! The instruction table: one row per instruction, from which the enum, the disassembler and the documentation come.

/// How the disassembler prints an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// Not used.
    None,
    /// A register.
    Register,
    /// A register, or a constant if the instruction's flag says so.
    Flexible,
    /// A constant.
    Constant,
    /// A signed number in the instruction.
    Immediate,
    /// A count or an index.
    Count,
    /// A jump distance from the next instruction in this operand.
    Jump,
    /// A jump distance in `b` and `c` together.
    LongJump,
    /// A variable: a register, a site or a register with the name, by the kind in `x`.
    Target,
}

/// One row of the table.
pub struct Row {
    /// The instruction.
    pub op: Op,
    /// Its name in disassembly.
    pub name: &'static str,
    /// What `a`, `b` and `c` are.
    pub operands: [Operand; 3],
    /// What it does.
    pub text: &'static str,
}

macro_rules! instructions {
    ($($op:ident $name:literal [$a:ident $b:ident $c:ident] $text:literal;)*) => {
        /// An operation of the register machine.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = $text] $op,)*
        }

        impl Op {
            /// The table, in the order of the enum.
            pub const TABLE: &'static [Row] = &[
                $(Row { op: Op::$op, name: $name, operands: [Operand::$a, Operand::$b, Operand::$c], text: $text },)*
            ];

            /// The row of this operation.
            pub fn row(self) -> &'static Row {
                &Op::TABLE[self as usize]
            }
        }
    };
}

instructions! {
    // Moving values
    Constant "const" [Register Constant None] "a = constant b";
    Integer "int" [Register Immediate None] "a = the signed number b";
    Load "load" [Register Register None] "a = value of variable or temporary b; an error if the variable has none; with flag 1 read traces do not see it";
    Take "take" [Register Register None] "a = temporary b, which becomes empty";
    Free "free" [Register None None] "temporary a becomes empty";
    Concat "concat" [Register Register Count] "a = the strings of the c temporaries from b, joined; they become empty";
    ListOf "list" [Register Register Count] "a = list of the c temporaries from b, which become empty";
    ListPush "list-push" [Register Register None] "append temporary b to the list in temporary a; b becomes empty";
    ListExtend "list-extend" [Register Register None] "append the elements of list b to the list in temporary a; b becomes empty";

    // Variables; x is the kind of target; a second word holds the key's register when it is an element
    VariableGet "get" [Register Target None] "a = value of variable b";
    VariableSet "set" [Register Target Register] "variable b = register a; c (unless none) = its value afterwards";
    VariableIncr "incr" [Register Target Register] "add register a to variable b; c (unless none) = its value afterwards";
    VariableAppend "append" [Register Target Register] "append register a to variable b; c (unless none) = its value afterwards";
    VariableLappend "lappend" [Register Target Register] "append register a as an element to variable b; c (unless none) = its value afterwards";
    VariableExists "exists" [Register Target None] "a = whether variable b has a value";
    VariableUnset "unset" [Count Target None] "unset variable b; a is 1 to complain when there is none";
    LinkNamespace "link" [Register Count None] "local variable a stands for the namespace's variable at site b; with flag 1 for the global one";
    LinkCaller "upvar" [Register Register Count] "local variable a stands for the variable named by b, x levels up (0: the global level); c is the site that remembers where it was";
    IncrLocal "incr-local" [Register Immediate None] "add b to local variable a";
    Extra "extra" [Register None None] "second word of the instruction before: a is the key's register";

    // Arithmetic; b and c may be constants
    Add "add" [Register Flexible Flexible] "a = b + c";
    Subtract "sub" [Register Flexible Flexible] "a = b - c";
    Multiply "mul" [Register Flexible Flexible] "a = b * c";
    Divide "div" [Register Flexible Flexible] "a = b / c";
    Remainder "rem" [Register Flexible Flexible] "a = b % c";
    Power "pow" [Register Flexible Flexible] "a = b ** c";
    ShiftLeft "shl" [Register Flexible Flexible] "a = b << c";
    ShiftRight "shr" [Register Flexible Flexible] "a = b >> c";
    BitAnd "and" [Register Flexible Flexible] "a = b & c";
    BitOr "or" [Register Flexible Flexible] "a = b | c";
    BitXor "xor" [Register Flexible Flexible] "a = b ^ c";
    Less "lt" [Register Flexible Flexible] "a = b < c";
    LessEqual "le" [Register Flexible Flexible] "a = b <= c";
    Greater "gt" [Register Flexible Flexible] "a = b > c";
    GreaterEqual "ge" [Register Flexible Flexible] "a = b >= c";
    Equal "eq" [Register Flexible Flexible] "a = b == c";
    NotEqual "ne" [Register Flexible Flexible] "a = b != c";
    StringEqual "streq" [Register Flexible Flexible] "a = b eq c";
    StringNotEqual "strne" [Register Flexible Flexible] "a = b ne c";
    In "in" [Register Flexible Flexible] "a = b in c";
    NotIn "ni" [Register Flexible Flexible] "a = b ni c";
    Negate "neg" [Register Register None] "a = - b";
    Plus "plus" [Register Register None] "a = + b, the number that b reads as";
    BitNot "bitnot" [Register Register None] "a = ~ b";
    Not "not" [Register Register None] "a = ! b";
    ToBoolean "bool" [Register Register None] "a = 1 or 0, as b is true or false";
    ToNumeric "tonum" [Register Register None] "a = b as expr returns it: a number if it reads as one";
    MathCall "math" [Register Count Count] "a = math function b (an index) of the c temporaries from a";

    // Jumps
    Jump "jump" [None LongJump None] "go on at the distance";
    JumpTrue "jump-true" [Register LongJump None] "jump if a is true";
    JumpFalse "jump-false" [Register LongJump None] "jump if a is false";
    LoopBack "loop" [None LongJump None] "jump, as a loop does: looks at limits and interrupts";
    JumpLess "jump-lt" [Flexible Flexible Jump] "jump if a < b (or if not, by the flag)";
    JumpLessEqual "jump-le" [Flexible Flexible Jump] "jump if a <= b (or if not)";
    JumpGreater "jump-gt" [Flexible Flexible Jump] "jump if a > b (or if not)";
    JumpGreaterEqual "jump-ge" [Flexible Flexible Jump] "jump if a >= b (or if not)";
    JumpEqual "jump-eq" [Flexible Flexible Jump] "jump if a == b (or if not)";
    JumpNotEqual "jump-ne" [Flexible Flexible Jump] "jump if a != b (or if not)";
    JumpStringEqual "jump-streq" [Flexible Flexible Jump] "jump if a eq b (or if not)";
    JumpStringNotEqual "jump-strne" [Flexible Flexible Jump] "jump if a ne b (or if not)";
    JumpLookup "jump-lookup" [Register Count None] "go on where jump table b says for the string a";

    // Loops over lists
    ForeachStart "foreach-start" [Register Count Count] "a.. holds c lists after one counter; check them, counter = 0; b = index of a constant with the variable counts";
    ForeachNext "foreach-next" [Register Count Count] "count a up; skip the next instruction unless all c lists are used up; b as above";
    ForeachGet "foreach-get" [Register Register Count] "a = element c of this turn of the list in b, whose counter and width are in the next instruction";
    ForeachStep "foreach-step" [Register Register Jump] "one list in b+1, counter in b: a = next element, or jump when used up";

    // Calling and leaving
    Invoke "invoke" [Register Count Count] "a = result of the command whose b words are in a...; c is the call site";
    InvokeList "invoke-list" [Register Register Count] "a = result of the command whose words are the list in b; c is the call site";
    Return "return" [Register None None] "leave the unit with the value of a";
    ReturnTake "return-take" [Register None None] "leave the unit with temporary a";
    ReturnCode "return-code" [Register Count Count] "raise return: value a, code b, level c";
    Raise "raise" [Register None None] "raise the error message in a as the syntax error of constant b";
    BreakLoop "break" [None None None] "raise break";
    ContinueLoop "continue" [None None None] "raise continue";
    Start "start" [Register LongJump None] "an inlined command of a script starts here; if what it inlined has been redefined, evaluate its text (result in a, unless x) and jump";
    Count "count" [None None None] "count an inlined command, where commands are counted: see `compile::Options::counts`";
    TrapMatches "trap" [Register Constant Register] "a = whether the errorCode in the options c starts with the words of constant b";
    NoteDuring "during" [Register Register Register] "if completion code a is an error, note in its options b that options c were being handled";
    Rethrow "rethrow" [Register None None] "raise again what a handler put into a, a+1, a+2";

    // Commands that have an instruction of their own; flags 1 and 2 of x: temporaries b, c become empty
    ListIndex "lindex" [Register Flexible Flexible] "a = element c of list b";
    ListLength "llength" [Register Flexible None] "a = number of elements of list b";
    StringLength "strlen" [Register Flexible None] "a = number of characters of b";
    StringIndex "strindex" [Register Flexible Flexible] "a = character c of string b";
    StringCall "strcall" [Register Count Count] "a = string function b (an index) of the c temporaries from a, which become empty";
    StringRange "strrange" [Register Register Register] "a = characters c through c+1 of string b";
    DictGet "dict-get" [Register Register Flexible] "a = value of key c in dict b";
    DictExists "dict-exists" [Register Register Flexible] "a = whether dict b has key c";
    StringMatch "strmatch" [Register Flexible Flexible] "a = whether string c matches the glob pattern b";
    ListSetLocal "lset" [Register Register Count] "set the element of the list in local variable a: c registers from b hold the indices and the value";
    OkOptions "ok-options" [Register None None] "a = return options of the ordinary result that the last command gave";
    DictSetLocal "dict-set" [Register Register Register] "set key b of the dict in local variable a to c";
    ChangeLocal "change" [Register Register Count] "change local variable a by inline function x of the c temporaries from b, which become empty";
    CallInline "inline" [Register Register Count] "a = inline function x of the c temporaries from b";

    // Loops over dicts
    DictStart "dict-start" [Register None None] "a+1 holds a dict after a counter: check it, counter = 0";
    DictStep "dict-step" [Register Register Jump] "one dict in b+1, counter in b: a = next key and the next instruction's register its value, or jump when used up";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (number, row) in Op::TABLE.iter().enumerate() {
            assert_eq!(row.op as usize, number, "{}", row.name);
        }
    }
}
