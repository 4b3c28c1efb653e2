//! Version numbers of packages: `package vcompare` and `package vsatisfies`.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A version number, such as `8.6.13`, `1.2a3` or `1.2b1`; borrowed from the text it was read from.
#[derive(Debug, Clone)]
pub struct Version<'t> {
    parts: Vec<Part<'t>>,
}

/// One place of a version: `a` and `b` are places of their own, below every number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'t> {
    Alpha,
    Beta,
    /// The digits without leading zeros, their number first, so that the derived order is that of the values.
    Number(usize, &'t str),
}

/// What stands for the places that the shorter of two versions does not have.
const MISSING: Part<'static> = Part::Number(0, "");

/// What is wrong with a version or a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionError {
    /// The text is no version number.
    NotAVersion(Box<str>),
    /// The text is no requirement: it has more than one dash.
    NotARange(Box<str>),
}

impl VersionError {
    /// tclsh's message.
    pub fn message(&self) -> Cow<'static, str> {
        Cow::Owned(match self {
            VersionError::NotAVersion(text) => {
                format!("expected version number but got \"{text}\"")
            }
            VersionError::NotARange(text) => {
                format!("expected versionMin-versionMax but got \"{text}\"")
            }
        })
    }

    /// The words of tclsh's errorCode.
    pub fn code(&self) -> &'static [&'static str] {
        match self {
            VersionError::NotAVersion(_) => &["TCL", "VALUE", "VERSION"],
            VersionError::NotARange(_) => &["TCL", "VALUE", "VERSIONRANGE"],
        }
    }
}

impl<'t> Version<'t> {
    /// Reads a version: numbers with `.`, `a` or `b` between them, of the letters one at most.
    pub fn parse(text: &'t str) -> Result<Version<'t>, VersionError> {
        let is_letter = |character| matches!(character, 'a' | 'b');
        let is_separator = |character| character == '.' || is_letter(character);
        let numbers_are_digits = text
            .split(is_separator)
            .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        if !numbers_are_digits || text.matches(is_letter).count() > 1 {
            return Err(VersionError::NotAVersion(text.into()));
        }
        let mut parts = Vec::new();
        for piece in text.split_inclusive(is_separator) {
            let digits = piece.trim_end_matches(is_separator).trim_start_matches('0');
            parts.push(Part::Number(digits.len(), digits));
            match piece.as_bytes().last() {
                Some(b'a') => parts.push(Part::Alpha),
                Some(b'b') => parts.push(Part::Beta),
                _ => {}
            }
        }
        Ok(Version { parts })
    }

    /// Whether this version is stable: neither alpha nor beta.
    pub fn is_stable(&self) -> bool {
        self.parts
            .iter()
            .all(|part| matches!(part, Part::Number(..)))
    }

    /// This version made the first alpha of itself, which comes before all others of its number.
    fn first_alpha(mut self) -> Version<'t> {
        self.parts.push(Part::Alpha);
        self
    }

    fn is_of_same_major(&self, other: &Version) -> bool {
        self.parts.first() == other.parts.first()
    }
}

impl PartialEq for Version<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version<'_> {}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let places = self.parts.len().max(other.parts.len());
        let part = |version: &Self, place| version.parts.get(place).copied().unwrap_or(MISSING);
        (0..places)
            .map(|place| part(self, place).cmp(&part(other, place)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// A set of versions: `min`, `min-` or `min-max`.
#[derive(Debug, Clone)]
pub struct Requirement<'t> {
    min: Version<'t>,
    limit: Limit<'t>,
}

#[derive(Debug, Clone)]
enum Limit<'t> {
    /// `min`: nothing of a later major version.
    Major,
    /// `min-`.
    None,
    /// `min-max`: `max` itself not, unless it equals `min`.
    Below(Version<'t>),
}

impl<'t> Requirement<'t> {
    /// Reads a requirement.
    pub fn parse(text: &'t str) -> Result<Requirement<'t>, VersionError> {
        let Some((min, max)) = text.split_once('-') else {
            return Ok(Requirement {
                min: Version::parse(text)?,
                limit: Limit::Major,
            });
        };
        if max.contains('-') {
            return Err(VersionError::NotARange(text.into()));
        }
        let min = Version::parse(min)?;
        let limit = if max.is_empty() {
            Limit::None
        } else {
            Limit::Below(Version::parse(max)?)
        };
        Ok(Requirement { min, limit })
    }

    /// Whether `version` is one of these. A requirement of a number takes its alphas too, and excludes those of its limit.
    pub fn is_met_by(&self, version: &Version) -> bool {
        if let Limit::Below(max) = &self.limit {
            if *max == self.min {
                return *version == self.min;
            }
            if *version >= max.clone().first_alpha() {
                return false;
            }
        }
        *version >= self.min.clone().first_alpha()
            && (!matches!(self.limit, Limit::Major) || version.is_of_same_major(&self.min))
    }
}

/// The order of two versions: `package vcompare`.
pub fn compare(left: &str, right: &str) -> Result<Ordering, VersionError> {
    Ok(Version::parse(left)?.cmp(&Version::parse(right)?))
}

/// Whether `version` meets one of `requirements`, or there are none: `package vsatisfies`. All are checked first.
pub fn satisfies<'t>(
    version: &'t str,
    requirements: impl IntoIterator<Item = &'t str>,
) -> Result<bool, VersionError> {
    let version = Version::parse(version)?;
    let requirements = requirements
        .into_iter()
        .map(Requirement::parse)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(requirements.is_empty()
        || requirements
            .iter()
            .any(|requirement| requirement.is_met_by(&version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_in_tclsh() {
        for (left, right, order) in [
            ("1.2", "1.2.0", Ordering::Equal),
            ("01.2", "1.02", Ordering::Equal),
            ("1.2", "1.10", Ordering::Less),
            ("1.2a0", "1.2", Ordering::Less),
            ("1.2a1", "1.2b0", Ordering::Less),
            ("2a0", "1.9", Ordering::Greater),
            ("1.2a1", "1.2.0", Ordering::Less),
            (
                "99999999999999999999",
                "99999999999999999998.1",
                Ordering::Greater,
            ),
        ] {
            assert_eq!(compare(left, right), Ok(order), "{left} {right}");
        }
        for text in [
            "", ".", "1.", "1a", "a1", "1..2", "1.a2", "1a2b3", "-1", " 1", "1c2", "1A2",
        ] {
            assert_eq!(
                compare(text, "1"),
                Err(VersionError::NotAVersion(text.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn requirements_are_met_as_in_tclsh() {
        for (version, requirement, is_met) in [
            ("1.2a0", "1.2", true),
            ("1.2a0", "1.2a0", true),
            ("1.1", "1.2", false),
            ("2", "1.2", false),
            ("2a0", "1.2", false),
            ("2a0", "1.2-", true),
            ("1.3a0", "1.2-1.3", false),
            ("1.2.0", "1.2-1.2", true),
            ("1.2a0", "1.2-1.2", false),
            ("1.2b1", "1.2a1-1.2", false),
            ("1.2", "1.3-1.2", false),
        ] {
            assert_eq!(
                satisfies(version, [requirement]),
                Ok(is_met),
                "{version} {requirement}"
            );
        }
        assert_eq!(satisfies("1.2", ["3", "1"]), Ok(true));
        assert_eq!(
            satisfies("1.2", ["1-2-3"]),
            Err(VersionError::NotARange("1-2-3".into()))
        );
        assert_eq!(
            satisfies("1.2", ["-"]),
            Err(VersionError::NotAVersion("".into()))
        );
    }
}
