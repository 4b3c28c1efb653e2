//! Printing a unit: what `remex --disassemble` shows.

use std::fmt::Write;

use super::{
    B_IS_CONSTANT, C_IS_CONSTANT, Code, HandlerKind, Instruction, NO_REGISTER, Operand, TargetKind,
};

/// The unit as text: one line an instruction, with its number, name, operands and the start of its command.
pub fn disassemble(code: &Code) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "locals: {}", code.locals.join(" "));
    let _ = writeln!(
        out,
        "registers: {}  constants: {}  call sites: {}",
        code.register_count,
        code.constants.len(),
        code.call_site_count
    );
    for handler in &code.handlers {
        let _ = match handler.kind {
            HandlerKind::Loop {
                on_break,
                on_continue,
            } => writeln!(
                out,
                "handler {}..{}: break to {on_break}, continue to {on_continue:?}",
                handler.start, handler.end
            ),
            HandlerKind::Catch { target, result, .. } => {
                writeln!(
                    out,
                    "handler {}..{}: catch to {target}, result in r{result}",
                    handler.start, handler.end
                )
            }
        };
    }
    for (number, instruction) in code.instructions.iter().enumerate() {
        for range in code
            .commands
            .iter()
            .filter(|range| range.start as usize == number)
        {
            let text = range.span.text(&code.source);
            let first = text.lines().next().unwrap_or("");
            let _ = writeln!(
                out,
                "      # {}",
                first.chars().take(70).collect::<String>()
            );
        }
        let _ = writeln!(out, "{number:5} {}", line(code, number, *instruction));
    }
    out
}

/// Each instruction as the words of its line: the name and the operands.
pub fn instruction_words(code: &Code) -> Vec<Vec<String>> {
    let words = |(number, instruction): (usize, &Instruction)| {
        line(code, number, *instruction)
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    code.instructions.iter().enumerate().map(words).collect()
}

fn line(code: &Code, number: usize, instruction: Instruction) -> String {
    let row = instruction.op.row();
    let mut text = format!("{:<13}", row.name);
    let fields = [instruction.a, instruction.b, instruction.c];
    let is_jump = row.operands[2] == Operand::Jump && row.operands[0] == Operand::Flexible;
    for (position, (kind, field)) in row.operands.iter().zip(fields).enumerate() {
        // In compare-and-branch instructions the flexible operands are a and b.
        let flag = match position + usize::from(is_jump) {
            1 => B_IS_CONSTANT,
            2 => C_IS_CONSTANT,
            _ => 0,
        };
        let constant = || match code.constants.get(field as usize) {
            Some(value) => format!("{value:?}"),
            None => format!("constant {field}"),
        };
        let register = || match code.locals.get(field as usize) {
            Some(name) => format!("r{field}:{name}"),
            None if field == NO_REGISTER => "-".to_owned(),
            None => format!("r{field}"),
        };
        let printed = match kind {
            Operand::None => continue,
            Operand::Register => register(),
            Operand::Flexible if instruction.x & flag != 0 => constant(),
            Operand::Flexible => register(),
            Operand::Constant => constant(),
            Operand::Immediate => (field as i16).to_string(),
            Operand::Count => field.to_string(),
            Operand::Jump => format!("-> {}", number as i64 + 1 + i64::from(field as i16)),
            Operand::LongJump => format!(
                "-> {}",
                number as i64 + 1 + i64::from(instruction.long_jump())
            ),
            Operand::Target => match TargetKind::from_number(instruction.x) {
                TargetKind::Local => register(),
                TargetKind::LocalElement => format!("{}(…)", register()),
                TargetKind::Named => site(code, field),
                TargetKind::NamedElement => format!("{}(…)", site(code, field)),
                TargetKind::Computed => format!("[{}]", register()),
            },
        };
        text.push(' ');
        text.push_str(&printed);
    }
    if is_jump && instruction.x & super::JUMP_IF_FALSE != 0 {
        text.push_str(" (if not)");
    }
    text
}

fn site(code: &Code, number: u16) -> String {
    code.variable_sites
        .get(number as usize)
        .map_or_else(|| format!("site {number}"), |name| format!("${name}"))
}
