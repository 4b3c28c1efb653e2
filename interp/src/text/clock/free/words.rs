//! The words that free-form dates are made of.

use super::lexer::Token;
use crate::text::strings::lower;

/// Names of months and days. The first three letters of any, with or without a full stop, will do.
const MONTHS_AND_DAYS: [(&str, Token); 24] = [
    ("january", Token::Month(1)),
    ("february", Token::Month(2)),
    ("march", Token::Month(3)),
    ("april", Token::Month(4)),
    ("may", Token::Month(5)),
    ("june", Token::Month(6)),
    ("july", Token::Month(7)),
    ("august", Token::Month(8)),
    ("september", Token::Month(9)),
    ("sept", Token::Month(9)),
    ("october", Token::Month(10)),
    ("november", Token::Month(11)),
    ("december", Token::Month(12)),
    ("sunday", Token::Day(0)),
    ("monday", Token::Day(1)),
    ("tuesday", Token::Day(2)),
    ("tues", Token::Day(2)),
    ("wednesday", Token::Day(3)),
    ("wednes", Token::Day(3)),
    ("thursday", Token::Day(4)),
    ("thur", Token::Day(4)),
    ("thurs", Token::Day(4)),
    ("friday", Token::Day(5)),
    ("saturday", Token::Day(6)),
];

/// Units, which may be in the plural.
const UNITS: [(&str, Token); 10] = [
    ("year", Token::MonthUnit(12)),
    ("month", Token::MonthUnit(1)),
    ("fortnight", Token::DayUnit(14)),
    ("week", Token::DayUnit(7)),
    ("day", Token::DayUnit(1)),
    ("hour", Token::SecondUnit(3600)),
    ("minute", Token::SecondUnit(60)),
    ("min", Token::SecondUnit(60)),
    ("second", Token::SecondUnit(1)),
    ("sec", Token::SecondUnit(1)),
];

const OTHERS: [(&str, Token); 10] = [
    ("tomorrow", Token::DayUnit(1)),
    ("yesterday", Token::DayUnit(-1)),
    ("today", Token::DayUnit(0)),
    ("now", Token::SecondUnit(0)),
    ("last", Token::Number(-1)),
    ("this", Token::SecondUnit(0)),
    ("next", Token::Next),
    ("ago", Token::Ago),
    ("epoch", Token::Epoch),
    ("stardate", Token::Stardate),
];

/// Zones by their hours west of Greenwich: those of standard time and those of daylight saving time, whose clocks are an
/// hour ahead of that. Half hours are lost, as in tclsh.
const ZONES: [(i64, &str, &str); 24] = [
    (0, "gmt ut utc uct wet", "bst"),
    (1, "wat", ""),
    (2, "at", ""),
    (3, "nft nst", "ndt"),
    (4, "ast", "adt"),
    (5, "est", "edt"),
    (6, "cst", "cdt"),
    (7, "mst", "mdt"),
    (8, "pst", "pdt"),
    (9, "yst", "ydt"),
    (10, "hst cat ahst", "hdt"),
    (11, "nt", ""),
    (12, "idlw", ""),
    (-1, "cet met mewt swt fwt", "cest mest sst fst"),
    (-2, "eet", ""),
    (-3, "bt it", ""),
    (-4, "zp4", ""),
    (-5, "zp5 ist", ""),
    (-6, "zp6", ""),
    (-7, "wast jt", "wadt"),
    (-8, "cct", ""),
    (-9, "jst kst cast", "jdt kdt cadt"),
    (-10, "east gst", "eadt"),
    (-12, "nzt nzst idle", "nzdt"),
];

/// The zones of one letter, from 12 hours west of Greenwich to 12 hours east. Their tokens are told from others by an
/// excess of [`MILITARY_EXCESS`].
const MILITARY: &str = "yxwvutsrqponzabcdefghiklm";

/// What distinguishes the zones of one letter, in minutes.
pub(super) const MILITARY_EXCESS: i64 = 6000;

fn find(table: &[(&str, Token)], word: &str) -> Option<Token> {
    table
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, token)| *token)
}

fn month_or_day(word: &str) -> Option<Token> {
    match word.len() {
        3 => MONTHS_AND_DAYS
            .iter()
            .find(|(known, _)| known.starts_with(word))
            .map(|(_, token)| *token),
        _ => find(&MONTHS_AND_DAYS, word),
    }
}

fn zone(word: &str) -> Option<Token> {
    let is_one_of = |names: &str| names.split(' ').any(|name| name == word);
    if word.is_empty() {
        return None;
    }
    if word == "dst" {
        return Some(Token::DaylightSaving);
    }
    ZONES.iter().find_map(|(hours, standard, daylight)| {
        if is_one_of(standard) {
            return Some(Token::Zone(hours * 60));
        }
        is_one_of(daylight).then_some(Token::DaylightZone(hours * 60))
    })
}

fn military_zone(word: &str) -> Option<Token> {
    if word.len() != 1 {
        return None;
    }
    let hours = 12 - i64::try_from(MILITARY.find(word)?).ok()?;
    Some(Token::Zone(hours * 60 + MILITARY_EXCESS))
}

/// What a word of letters and full stops means.
pub(super) fn token_of_word(word: &str) -> Token {
    let mut word = lower(word);
    match word.as_str() {
        "am" | "a.m." => return Token::Meridian(false),
        "pm" | "p.m." => return Token::Meridian(true),
        _ => {}
    }
    if word.len() == 4 && word.ends_with('.') {
        word.pop();
    }
    if let Some(token) = month_or_day(&word)
        .or_else(|| zone(&word))
        .or_else(|| find(&UNITS, &word))
    {
        return token;
    }
    if word.len() > 1 && word.ends_with('s') {
        word.pop();
        if let Some(token) = find(&UNITS, &word) {
            return token;
        }
    }
    if let Some(token) = find(&OTHERS, &word).or_else(|| military_zone(&word)) {
        return token;
    }
    if word.contains('.') {
        word.retain(|character| character != '.');
        return zone(&word).unwrap_or(Token::Unknown);
    }
    Token::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_tclsh_takes_them_for() {
        assert_eq!(token_of_word("JAN."), Token::Month(1));
        assert_eq!(token_of_word("janu"), Token::Unknown);
        assert_eq!(token_of_word("Tues"), Token::Day(2));
        assert_eq!(token_of_word("fortnights"), Token::DayUnit(14));
        assert_eq!(token_of_word("e.s.t."), Token::Zone(300));
        assert_eq!(token_of_word("pdt"), Token::DaylightZone(480));
        assert_eq!(token_of_word("t"), Token::Zone(420 + MILITARY_EXCESS));
        assert_eq!(token_of_word("z"), Token::Zone(MILITARY_EXCESS));
        assert_eq!(token_of_word("m"), Token::Zone(-720 + MILITARY_EXCESS));
        assert_eq!(token_of_word("j"), Token::Unknown);
        assert_eq!(token_of_word("p.m."), Token::Meridian(true));
    }
}
