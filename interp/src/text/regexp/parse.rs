//! Patterns to languages and capture trees.
//!
//! Where a node is made, and which length it prefers, follows tclsh: parts without captures and with one preference are
//! merged into one plain node, and `x{m,n}` with captures and without back references is `x{m-1,n-1}x`, since only the last
//! round's captures can be seen.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::ast::{
    Assertion, AstId, AstKind, Asts, HAS_BACKREF, HAS_CAPTURE, Lookahead, Node, NodeFlags, NodeId,
    NodeKind, PREFER_LONG, PREFER_SHORT, SetId, UNBOUNDED, combine, flags_up, is_messy,
};
use super::bracket;
use super::charset::{CharSet, CharSetBuilder, all_cases};
use super::error::CompileError;
use super::lex::Lexer;
use super::tables;
use super::token::{NOTE_LOCALE, NOTE_PAREN_BOTCH, NOTE_UNSPECIFIED, Notes, Shorthand, Token};
use super::{Flags, NESTING_MAX, Syntax};

/// Largest bound.
const BOUND_MAX: u16 = 255;

/// Everything that parsing finds out about a pattern.
#[derive(Debug)]
pub struct Pattern {
    /// The languages.
    pub asts: Asts,
    /// The capture tree's nodes.
    pub nodes: Vec<Node>,
    /// The sets of units that occur, without repeats.
    pub sets: Vec<CharSet>,
    /// The look-ahead constraints, inner ones before outer ones.
    pub lookaheads: Vec<Lookahead>,
    /// The whole.
    pub root: NodeId,
    /// How many capturing parentheses there are.
    pub group_count: usize,
    /// Facts for `regexp -about`.
    pub notes: Notes,
    /// The flags in force, embedded options included.
    pub flags: Flags,
    /// The set of word characters, if an assertion needs to know them.
    pub word_set: Option<SetId>,
    /// The set of the newline, if an assertion needs to know it.
    pub newline_set: Option<SetId>,
}

/// Takes a pattern apart.
pub fn parse(pattern: &str, flags: Flags) -> Result<Pattern, CompileError> {
    let lexer = Lexer::new(pattern, flags)?;
    let flags = lexer.flags();
    let mut parser = Parser {
        lexer,
        flags,
        asts: Asts::default(),
        nodes: Vec::new(),
        sets: Vec::new(),
        set_numbers: HashMap::default(),
        lookaheads: Vec::new(),
        groups: Vec::new(),
        word_set: None,
        newline_set: None,
        depth: 0,
    };
    let root = parser.alternatives(Token::End, false)?;
    Ok(Pattern {
        asts: parser.asts,
        nodes: parser.nodes,
        sets: parser.sets,
        lookaheads: parser.lookaheads,
        root,
        group_count: parser.lexer.group_count,
        notes: parser.lexer.notes,
        flags,
        word_set: parser.word_set,
        newline_set: parser.newline_set,
    })
}

struct Parser {
    lexer: Lexer,
    flags: Flags,
    asts: Asts,
    nodes: Vec<Node>,
    sets: Vec<CharSet>,
    set_numbers: HashMap<CharSet, SetId, RandomState>,
    lookaheads: Vec<Lookahead>,
    /// Language of each closed capturing group, by its number; `None` while open and after `{0}`.
    groups: Vec<Option<AstId>>,
    word_set: Option<SetId>,
    newline_set: Option<SetId>,
    depth: usize,
}

/// Something that a quantifier may follow.
struct Atom {
    ast: AstId,
    /// Flags of its node, 0 if it has none.
    flags: NodeFlags,
    /// Its node, if it has one.
    node: Option<NodeId>,
    kind: AtomKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AtomKind {
    Simple,
    Capture(usize),
    Backref,
}

/// What a quantifier says; no quantifier is {1} without a preference.
#[derive(Clone, Copy)]
struct Quantifier {
    min: u16,
    max: u16,
    preference: NodeFlags,
}

/// A stretch of a branch: plain parts, then a node, then what follows (the next segment).
struct Segment {
    prefix: Vec<AstId>,
    prefix_flags: NodeFlags,
    item: NodeId,
    item_flags: NodeFlags,
}

/// A branch as far as it has been read.
#[derive(Default)]
struct Branch {
    segments: Vec<Segment>,
    plain: Vec<AstId>,
    plain_flags: NodeFlags,
}

impl Parser {
    fn see(&self, token: Token) -> bool {
        self.lexer.token() == token
    }

    fn node(&mut self, kind: NodeKind, flags: NodeFlags, ast: AstId) -> NodeId {
        self.nodes.push(Node { kind, flags, ast });
        self.nodes.len() - 1
    }

    fn flags_of(&self, node: NodeId) -> NodeFlags {
        self.nodes.get(node).map_or(0, |node| node.flags)
    }

    fn ast_of(&self, node: NodeId) -> AstId {
        self.nodes.get(node).map_or(0, |node| node.ast)
    }

    fn set_number(&mut self, set: CharSet) -> SetId {
        let next = self.sets.len();
        let sets = &mut self.sets;
        *self.set_numbers.entry(set).or_insert_with_key(|set| {
            sets.push(set.clone());
            next
        })
    }

    fn set(&mut self, set: CharSet) -> Result<AstId, CompileError> {
        let number = self.set_number(set);
        self.asts.add(AstKind::Set(number))
    }

    /// Branches separated by `|`, up to `stopper`. `in_lookahead`: parentheses directly inside do not capture.
    fn alternatives(&mut self, stopper: Token, in_lookahead: bool) -> Result<NodeId, CompileError> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(CompileError::TooBig);
        }
        let mut branches = Vec::new();
        let mut flags = PREFER_LONG;
        loop {
            let branch = self.branch(stopper, in_lookahead)?;
            flags |= flags_up(PREFER_LONG | self.flags_of(branch));
            branches.push(branch);
            if !self.see(Token::Bar) {
                break;
            }
            self.lexer.advance()?;
        }
        self.depth -= 1;
        if !self.see(stopper) {
            return Err(CompileError::Parenthesis);
        }
        if let [only] = branches.as_slice() {
            return Ok(*only);
        }
        let asts = branches.iter().map(|branch| self.ast_of(*branch)).collect();
        let ast = self.asts.add(AstKind::Alternate(asts))?;
        let kind = if is_messy(flags) {
            NodeKind::Alternate(branches)
        } else {
            NodeKind::Plain
        };
        Ok(self.node(kind, flags, ast))
    }

    fn branch(&mut self, stopper: Token, in_lookahead: bool) -> Result<NodeId, CompileError> {
        let mut branch = Branch::default();
        let mut seen_content = false;
        while !self.see(Token::Bar) && !self.see(stopper) && !self.see(Token::End) {
            seen_content = true;
            self.quantified_atom(&mut branch, in_lookahead)?;
        }
        if !seen_content {
            self.lexer.notes |= NOTE_UNSPECIFIED;
        }
        self.finish_branch(branch)
    }

    /// The node of a branch: one plain node, or a chain of plain parts and nodes. Flags are gathered from the right.
    fn finish_branch(&mut self, branch: Branch) -> Result<NodeId, CompileError> {
        let ast = self.asts.concat(branch.plain)?;
        let rest = self.node(NodeKind::Plain, branch.plain_flags, ast);
        if branch.segments.is_empty() {
            return Ok(rest);
        }
        let mut flags = branch.plain_flags;
        let mut items = vec![rest];
        for segment in branch.segments.into_iter().rev() {
            let tail_flags = segment.item_flags | combine(segment.item_flags, flags);
            flags = segment.prefix_flags | combine(segment.prefix_flags, tail_flags);
            items.push(segment.item);
            let prefix = self.asts.concat(segment.prefix)?;
            items.push(self.node(NodeKind::Plain, segment.prefix_flags, prefix));
        }
        items.reverse();
        let asts = items.iter().map(|item| self.ast_of(*item)).collect();
        let ast = self.asts.concat(asts)?;
        Ok(self.node(NodeKind::Chain(items), flags, ast))
    }

    fn quantified_atom(
        &mut self,
        branch: &mut Branch,
        in_lookahead: bool,
    ) -> Result<(), CompileError> {
        if let Some(ast) = self.constraint()? {
            branch.plain.push(ast);
            return Ok(());
        }
        let atom = self.atom(in_lookahead)?;
        let quantifier = self.quantifier()?;
        if quantifier.max == 0 {
            if let AtomKind::Capture(group) = atom.kind {
                self.set_group(group, None);
            }
            return Ok(());
        }
        let flags = branch.plain_flags | quantifier.preference | atom.flags;
        if atom.kind == AtomKind::Simple && !is_messy(flags_up(flags)) {
            let ast = self.repeat(atom.ast, quantifier.min, quantifier.max)?;
            branch.plain.push(ast);
            branch.plain_flags = flags;
            return Ok(());
        }
        let item_flags = combine(quantifier.preference, atom.flags);
        let item = self.quantified_node(atom, quantifier)?;
        branch.segments.push(Segment {
            prefix: std::mem::take(&mut branch.plain),
            prefix_flags: std::mem::take(&mut branch.plain_flags),
            item,
            item_flags,
        });
        Ok(())
    }

    fn repeat(&mut self, child: AstId, min: u16, max: u16) -> Result<AstId, CompileError> {
        match (min, max) {
            (0, 0) => self.asts.add(AstKind::Empty),
            (1, 1) => Ok(child),
            _ => self.asts.add(AstKind::Repeat { child, min, max }),
        }
    }

    /// The node of an atom that cannot be merged with its neighbours, with its quantifier.
    fn quantified_node(
        &mut self,
        atom: Atom,
        quantifier: Quantifier,
    ) -> Result<NodeId, CompileError> {
        let Quantifier {
            min,
            max,
            preference,
        } = quantifier;
        let node = match atom.node {
            Some(node) => node,
            None => self.node(NodeKind::Plain, 0, atom.ast),
        };
        let flags = combine(preference, atom.flags);
        let ast = self.repeat(atom.ast, min, max)?;
        if atom.kind == AtomKind::Backref {
            if let Some(Node {
                kind,
                flags: node_flags,
                ast: node_ast,
            }) = self.nodes.get_mut(node)
            {
                if let NodeKind::Backref {
                    min: least,
                    max: most,
                    ..
                } = kind
                {
                    (*least, *most) = (min, max);
                }
                *node_flags |= flags;
                *node_ast = ast;
            }
            return Ok(node);
        }
        if (min, max) == (1, 1) {
            return Ok(node);
        }
        if min == 0 || atom.flags & HAS_BACKREF != 0 {
            return Ok(self.node(
                NodeKind::Iterate {
                    child: node,
                    min,
                    max,
                },
                flags,
                ast,
            ));
        }
        let fewer = if max == UNBOUNDED { max } else { max - 1 };
        let before = self.repeat(atom.ast, min - 1, fewer)?;
        let ast = self.asts.concat(vec![before, atom.ast])?;
        let rounds = self.node(
            NodeKind::Plain,
            flags & (PREFER_LONG | PREFER_SHORT),
            before,
        );
        Ok(self.node(NodeKind::Chain(vec![rounds, node]), flags, ast))
    }

    /// A condition on the position, which takes no quantifier; `None` if there is none here.
    fn constraint(&mut self) -> Result<Option<AstId>, CompileError> {
        let each_line = self.flags.line_anchor;
        let assertion = match self.lexer.token() {
            Token::Caret if each_line => Assertion::EachLineStart,
            Token::Caret => Assertion::LineStart,
            Token::Dollar if each_line => Assertion::EachLineEnd,
            Token::Dollar | Token::TextEnd => Assertion::TextEnd,
            Token::TextStart => Assertion::TextStart,
            Token::WordStart => Assertion::WordStart,
            Token::WordEnd => Assertion::WordEnd,
            Token::WordBoundary => Assertion::WordBoundary,
            Token::NotWordBoundary => Assertion::NotWordBoundary,
            Token::Lookahead(positive) => return self.lookahead(positive).map(Some),
            _ => return Ok(None),
        };
        match assertion {
            Assertion::EachLineStart | Assertion::EachLineEnd => {
                self.newline_set = Some(self.set_number(CharSet::single(NEWLINE)));
            }
            Assertion::LineStart | Assertion::TextEnd | Assertion::TextStart => {}
            _ => {
                self.lexer.notes |= NOTE_LOCALE;
                self.word_set = Some(self.set_number(CharSet::from_table(tables::WORD)));
            }
        }
        self.lexer.advance()?;
        self.asts.add(AstKind::Assert(assertion)).map(Some)
    }

    fn lookahead(&mut self, positive: bool) -> Result<AstId, CompileError> {
        self.lexer.advance()?;
        let node = self.alternatives(Token::ParenClose, true)?;
        self.lexer.advance()?;
        self.lookaheads.push(Lookahead {
            ast: self.ast_of(node),
            positive,
        });
        self.asts.add(AstKind::Lookahead(self.lookaheads.len() - 1))
    }

    fn atom(&mut self, in_lookahead: bool) -> Result<Atom, CompileError> {
        let ast = match self.lexer.token() {
            Token::Star(_) | Token::Plus(_) | Token::Question(_) | Token::BoundOpen => {
                return Err(CompileError::Repeat);
            }
            Token::ParenClose if self.flags.syntax != Syntax::Extended => {
                return Err(CompileError::Parenthesis);
            }
            Token::ParenClose => {
                self.lexer.notes |= NOTE_PAREN_BOTCH;
                self.plain_char(u16::from(b')'))?
            }
            Token::Plain(unit) => self.plain_char(unit)?,
            Token::BracketOpen(positive) => {
                let set = bracket::parse(&mut self.lexer, self.flags.nocase)?;
                self.complemented_set(set, positive)?
            }
            Token::Class(class, complemented) => {
                self.complemented_set(shorthand(class), !complemented)?
            }
            Token::Dot => self.complemented_set(CharSet::default(), false)?,
            Token::ParenOpen(capturing) => return self.group(capturing && !in_lookahead),
            Token::Backref(group) => return self.backref(group, in_lookahead),
            _ => return Err(CompileError::Repeat),
        };
        self.lexer.advance()?;
        Ok(Atom {
            ast,
            flags: 0,
            node: None,
            kind: AtomKind::Simple,
        })
    }

    fn plain_char(&mut self, unit: u16) -> Result<AstId, CompileError> {
        self.set(if self.flags.nocase {
            all_cases(unit)
        } else {
            CharSet::single(unit)
        })
    }

    /// `set`, or what is not in it; newlines stay out of the latter if lines stop it.
    fn complemented_set(&mut self, set: CharSet, positive: bool) -> Result<AstId, CompileError> {
        if positive {
            return self.set(set);
        }
        if !self.flags.line_stop {
            return self.set(set.complement());
        }
        let mut builder = CharSetBuilder::default();
        builder.add_table(set.ranges());
        builder.add_range(NEWLINE, NEWLINE, false);
        self.set(builder.build().complement())
    }

    fn group(&mut self, capturing: bool) -> Result<Atom, CompileError> {
        let mut group = 0;
        if capturing {
            self.lexer.group_count += 1;
            group = self.lexer.group_count;
        }
        self.lexer.advance()?;
        let child = self.alternatives(Token::ParenClose, false)?;
        self.lexer.advance()?;
        let (ast, flags) = (self.ast_of(child), self.flags_of(child));
        if !capturing {
            return Ok(Atom {
                ast,
                flags,
                node: Some(child),
                kind: AtomKind::Simple,
            });
        }
        self.set_group(group, Some(ast));
        let flags = flags | HAS_CAPTURE;
        let node = self.node(NodeKind::Capture { group, child }, flags, ast);
        Ok(Atom {
            ast,
            flags,
            node: Some(node),
            kind: AtomKind::Capture(group),
        })
    }

    fn set_group(&mut self, group: usize, ast: Option<AstId>) {
        if self.groups.len() <= group {
            self.groups.resize(group + 1, None);
        }
        if let Some(slot) = self.groups.get_mut(group) {
            *slot = ast;
        }
    }

    fn backref(&mut self, group: usize, in_lookahead: bool) -> Result<Atom, CompileError> {
        let known = self.groups.get(group).copied().flatten();
        let ast = known
            .filter(|_| !in_lookahead)
            .ok_or(CompileError::Subexpression)?;
        self.lexer.advance()?;
        let node = self.node(
            NodeKind::Backref {
                group,
                min: 1,
                max: 1,
            },
            HAS_BACKREF,
            ast,
        );
        Ok(Atom {
            ast,
            flags: HAS_BACKREF,
            node: Some(node),
            kind: AtomKind::Backref,
        })
    }

    fn quantifier(&mut self) -> Result<Quantifier, CompileError> {
        let preference = |greedy| if greedy { PREFER_LONG } else { PREFER_SHORT };
        let quantifier = match self.lexer.token() {
            Token::Star(greedy) => Quantifier {
                min: 0,
                max: UNBOUNDED,
                preference: preference(greedy),
            },
            Token::Plus(greedy) => Quantifier {
                min: 1,
                max: UNBOUNDED,
                preference: preference(greedy),
            },
            Token::Question(greedy) => Quantifier {
                min: 0,
                max: 1,
                preference: preference(greedy),
            },
            Token::BoundOpen => self.bound()?,
            _ => {
                return Ok(Quantifier {
                    min: 1,
                    max: 1,
                    preference: 0,
                });
            }
        };
        self.lexer.advance()?;
        Ok(quantifier)
    }

    /// A bound up to its closing brace, which stays the current token. `{m}` takes its operand's preference, `{m,m}` does not.
    fn bound(&mut self) -> Result<Quantifier, CompileError> {
        self.lexer.advance()?;
        let min = self.bound_number()?;
        let mut max = min;
        let mut ranged = false;
        if self.see(Token::Comma) {
            ranged = true;
            self.lexer.advance()?;
            max = if matches!(self.lexer.token(), Token::Digit(_)) {
                self.bound_number()?
            } else {
                UNBOUNDED
            };
            if min > max {
                return Err(CompileError::Bound);
            }
        }
        match self.lexer.token() {
            Token::BoundClose(_) if !ranged => Ok(Quantifier {
                min,
                max,
                preference: 0,
            }),
            Token::BoundClose(true) => Ok(Quantifier {
                min,
                max,
                preference: PREFER_LONG,
            }),
            Token::BoundClose(false) => Ok(Quantifier {
                min,
                max,
                preference: PREFER_SHORT,
            }),
            _ => Err(CompileError::Bound),
        }
    }

    fn bound_number(&mut self) -> Result<u16, CompileError> {
        let mut number = 0;
        while let Token::Digit(digit) = self.lexer.token() {
            if number >= BOUND_MAX {
                return Err(CompileError::Bound);
            }
            number = number * 10 + digit;
            self.lexer.advance()?;
        }
        if number > BOUND_MAX {
            Err(CompileError::Bound)
        } else {
            Ok(number)
        }
    }
}

const NEWLINE: u16 = 0x0A;

/// The characters that a backslash and a letter stand for.
pub fn shorthand(class: Shorthand) -> CharSet {
    CharSet::from_table(match class {
        Shorthand::Digit => tables::DIGIT,
        Shorthand::Space => tables::SPACE,
        Shorthand::Word => tables::WORD,
    })
}
