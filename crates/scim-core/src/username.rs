//! The key under which a `userName` is compared and kept unique (RFC 7644 section 5).
//!
//! A name is prepared by the PRECIS profile UsernameCaseMapped (RFC 8265 section 3.3), each of the parts between
//! blanks on its own (RFC 8265 section 3.1), and its case is folded by [`fold`], which maps at least
//! the letters that the profile maps. The name as sent is what a resource keeps and shows; the key is for looking up.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::{PrecisFastInvocation, Rules};
use precis_profiles::precis_core::{Error, UnexpectedError};
use thiserror::Error;
use unicode_normalization::char::is_combining_mark;

use crate::fold::fold;

/// The form of a `userName` that is equal for all spellings of one name.
///
/// ```
/// use scim_core::username::UserNameKey;
///
/// let key = UserNameKey::enforce("BJensen@Example.com")?;
/// assert_eq!(key.as_ref(), "bjensen@example.com");
/// assert_eq!(key, UserNameKey::enforce("ｂｊｅｎｓｅｎ@example.com")?);
/// assert!(UserNameKey::enforce("bj\u{200b}ensen").is_err());
/// # Ok::<(), scim_core::username::UserNameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserNameKey(Arc<str>);

/// Why a name cannot be a `userName`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UserNameError {
    /// Nothing, or nothing but blanks.
    #[error("the userName is empty")]
    Empty,
    /// The first or the last character is a blank (RFC 8265 section 3.1 has blanks only between parts). Such a name
    /// is refused rather than trimmed, so that no two names that look the same are two accounts.
    #[error("the userName starts or ends with a blank")]
    OuterBlank,
    /// The key is longer than [`UserNameKey::MAX_BYTES`].
    #[error("the userName is longer than {} bytes", UserNameKey::MAX_BYTES)]
    TooLong,
    /// A character that identifiers may not contain, or not in this place (RFC 8264 section 8).
    #[error("the userName contains the code point U+{:04X}, which is not allowed there", u32::from(*.0))]
    CodePoint(char),
    /// A character stands where RFC 8264 allows it only next to others, such as a middle dot at the start.
    #[error("the userName contains a character that is not allowed in that place")]
    Context,
    /// Letters written from right to left are mixed with others against the Bidi Rule (RFC 5893 section 2).
    #[error("the userName mixes writing directions")]
    Direction,
}

impl UserNameKey {
    /// The longest key, in bytes: 256 characters of any script. A key of this length fits an index of every database.
    pub const MAX_BYTES: usize = 1024;

    /// The key of `name`, for a name that is to be stored.
    ///
    /// The rules are applied in the order of RFC 8264 section 7, mapping first and then the check of what came out. So
    /// `enforce(name)` depends on `map(name)` alone: of two spellings of one name either both are accepted or neither.
    /// Nothing is trimmed; several blanks in a row between two parts are kept and tell names apart.
    ///
    /// # Errors
    ///
    /// What the profile does not allow in an identifier: [`UserNameError`]. The answer to a client is 400
    /// `invalidValue`.
    pub fn enforce(name: &str) -> Result<Self, UserNameError> {
        let key = Self::map(name);
        check(&key)?;
        Ok(Self(key.into()))
    }

    /// The text to look up for `operand`, the value of a filter on `userName`: the same mapping as [`enforce`], but
    /// nothing is refused, as an operand may be a piece of a name (`sw`, `co`) or a name that no user can have.
    ///
    /// Idempotent, linear in the length of `operand`.
    ///
    /// [`enforce`]: Self::enforce
    #[must_use]
    pub fn map(operand: &str) -> Cow<'_, str> {
        if operand.is_ascii() {
            return fold(operand);
        }
        match UsernameCaseMapped::new().width_mapping_rule(operand) {
            Ok(Cow::Owned(narrow)) => Cow::Owned(fold(&narrow).into_owned()),
            Ok(Cow::Borrowed(narrow)) => fold(narrow),
            Err(_) => fold(operand),
        }
    }
}

impl AsRef<str> for UserNameKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for UserNameKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserNameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks a mapped name as a whole, then each of its parts.
fn check(key: &str) -> Result<(), UserNameError> {
    if key.bytes().all(|b| b == b' ') {
        return Err(UserNameError::Empty);
    }
    if key.starts_with(' ') || key.ends_with(' ') {
        return Err(UserNameError::OuterBlank);
    }
    // Also bounds the rules about context, which read the whole part for one character.
    if key.len() > UserNameKey::MAX_BYTES {
        return Err(UserNameError::TooLong);
    }
    if key.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Ok(());
    }
    key.split(' ').filter(|part| !part.is_empty()).try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), UserNameError> {
    UsernameCaseMapped::prepare(part).map_err(|error| refused(&error))?;
    if has_allowed_direction(part) {
        Ok(())
    } else {
        Err(UserNameError::Direction)
    }
}

fn refused(error: &Error) -> UserNameError {
    let info = match error {
        Error::BadCodepoint(info)
        | Error::Unexpected(
            UnexpectedError::ContextRuleNotApplicable(info) | UnexpectedError::MissingContextRule(info),
        ) => Some(info),
        _ => None,
    };
    info.and_then(|info| char::from_u32(info.cp))
        .map_or(UserNameError::Context, UserNameError::CodePoint)
}

/// The Bidi Rule of RFC 5893 section 2.
///
/// `precis-profiles` 0.2 refuses a nonspacing mark anywhere but at the end, although rules 2 and 3 allow it; that would
/// shut out vowelled Arabic and Hebrew and all of Thaana. A mark after the first character decides nothing in any of
/// the six rules, so a part that fails is looked at once more without them.
fn has_allowed_direction(part: &str) -> bool {
    let follows_rule = |text: &str| UsernameCaseMapped::new().directionality_rule(text).is_ok();
    // A mark of a script written from left to right may not follow a Hebrew letter; a nonspacing one may.
    let is_nonspacing = |c: char| is_combining_mark(c) && follows_rule(&format!("\u{5d0}{c}"));

    follows_rule(part) || {
        let mut chars = part.chars();
        let bare: String = chars
            .next()
            .into_iter()
            .chain(chars.filter(|c| !is_nonspacing(*c)))
            .collect();
        follows_rule(&bare)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use precis_profiles::precis_core::profile::Profile;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    fn key(name: &str) -> String {
        UserNameKey::enforce(name)
            .unwrap_or_else(|e| panic!("{name:?}: {e}"))
            .to_string()
    }

    fn refusal(name: &str) -> UserNameError {
        UserNameKey::enforce(name).unwrap_err()
    }

    #[test]
    fn spellings_of_one_name_have_one_key() {
        for (name, expected) in [
            ("BJensen", "bjensen"),
            ("bjensen@Example.com", "bjensen@example.com"),
            ("o'Brien+x_y#EXT#@a.example", "o'brien+x_y#ext#@a.example"),
            ("ｂｊｅｎｓｅｎ", "bjensen"),
            ("ＢＪＥＮＳＥＮ", "bjensen"),
            ("jose\u{301}", "josé"),
            ("JOSÉ", "josé"),
            ("\u{212a}evin", "kevin"),
            ("Straße", "strasse"),
            ("L·L", "l·l"),
            ("ﾊﾞ", "バ"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("ПЁТР", "пётр"),
            ("\u{5d3}\u{5d5}\u{5d3}", "\u{5d3}\u{5d5}\u{5d3}"),
        ] {
            assert_eq!(key(name), expected);
        }
    }

    #[test]
    fn blanks_separate_parts() {
        assert_eq!(key("Barbara  Jensen"), "barbara  jensen");
        assert_ne!(key("Barbara  Jensen"), key("Barbara Jensen"));
        assert_eq!(key("José María"), "josé maría");
        assert_eq!(key("José\u{3000}María"), "josé maría");
        assert_eq!(key("Barbara \u{5d3}\u{5d5}\u{5d3}"), "barbara \u{5d3}\u{5d5}\u{5d3}");
    }

    #[test]
    fn names_of_nothing_are_refused() {
        for name in ["", " ", "    ", "\u{3000}", " \u{3000} "] {
            assert_eq!(refusal(name), UserNameError::Empty, "{name:?}");
        }
        for name in [" bjensen", "bjensen ", "\u{3000}josé", "josé "] {
            assert_eq!(refusal(name), UserNameError::OuterBlank, "{name:?}");
        }
    }

    #[test]
    fn hostile_code_points_are_refused_by_name() {
        for c in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2028}',
            '\u{2066}',
            '\u{feff}',
            '\u{fe0f}',
            '\u{e000}',
            '\u{e0041}',
            '\u{fffd}',
            '\u{ffff}',
            '\u{115f}',
            '\u{3164}',
            '\u{2019}',
            '😀',
        ] {
            assert_eq!(refusal(&format!("new{c}user")), UserNameError::CodePoint(c), "{c:?}");
        }
        assert_eq!(
            refusal("bj\u{202e}x").to_string(),
            "the userName contains the code point U+202E, which is not allowed there"
        );
    }

    #[test]
    fn characters_bound_to_a_context() {
        assert_eq!(key("col·legi"), "col·legi");
        assert!(UserNameKey::enforce("a·b").is_err());
        assert_eq!(refusal("·l"), UserNameError::Context);
        assert_eq!(key("ア・イ"), "ア・イ");
        assert!(UserNameKey::enforce("a・b").is_err());
    }

    #[test]
    fn a_homoglyph_is_another_name() {
        assert_ne!(key("bj\u{435}nsen"), key("bjensen"));
    }

    #[test]
    fn the_bidi_rule_allows_vowel_signs() {
        let arabic = "\u{645}\u{64f}\u{62d}\u{64e}\u{645}\u{64e}\u{651}\u{62f}";
        let thaana = "\u{789}\u{7aa}\u{799}\u{7a7}";
        assert_eq!(key(arabic), arabic);
        assert_eq!(key(thaana), thaana);
        assert_eq!(refusal("\u{5d3}abc"), UserNameError::Direction);
        assert_eq!(refusal("abc\u{5d3}"), UserNameError::Direction);
        assert_eq!(refusal("\u{5d3}\u{903}\u{5d3}"), UserNameError::Direction);
        assert_eq!(refusal("\u{64f}\u{645}"), UserNameError::Direction);
    }

    #[test]
    fn length_is_that_of_the_key() {
        assert_eq!(key(&"A".repeat(1024)).len(), 1024);
        assert_eq!(refusal(&"a".repeat(1025)), UserNameError::TooLong);
        assert_eq!(key(&"ａ".repeat(1024)).len(), 1024);
        assert_eq!(refusal(&"・".repeat(1 << 16)), UserNameError::TooLong);
    }

    #[test]
    fn operands_are_mapped_and_never_refused() {
        for (operand, expected) in [
            ("", ""),
            (" BJ ", " bj "),
            ("\0A", "\0a"),
            ("Ｂj\u{202e}", "bj\u{202e}"),
            ("jose\u{301}", "josé"),
        ] {
            assert_eq!(UserNameKey::map(operand), expected);
        }
        assert!(matches!(UserNameKey::map("bjensen"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_key_is_found_by_a_mapped_operand() {
        let users = BTreeMap::from([(UserNameKey::enforce("JOSÉ").unwrap(), 1)]);
        assert_eq!(users.get(UserNameKey::map("jose\u{301}").as_ref()), Some(&1));
    }

    #[test]
    fn every_character_the_profile_accepts_is_accepted_and_folds_to_the_same_key() {
        let profile = UsernameCaseMapped::new();
        // The planes above have neither case nor width.
        for c in '\0'..='\u{1ffff}' {
            let name = format!("l{c}l");
            if let Ok(prepared) = profile.enforce(name.as_str()) {
                assert_eq!(key(&name), fold(&prepared), "{c:?}");
            }
            let once = UserNameKey::map(&name).into_owned();
            assert_eq!(UserNameKey::map(&once), once, "{c:?}");
        }
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9@._' -]{0,20}",
            "[ａ-ｚＡ-Ｚa-cA-C]{0,8}",
            "[a-zéÉe\u{301}\u{327}\u{345}ßẞſ\u{212a}İıΣς·lL ]{0,10}",
            "[ｦ-ﾟア-ン・]{0,8}",
            "[\u{5d0}-\u{5ea}\u{5b0}-\u{5b9}\u{660}-\u{669}0-9\u{645}\u{64f}]{0,8}",
            any::<String>(),
        ]
    }

    proptest! {
        #[test]
        fn the_key_of_an_accepted_name_is_its_mapping(n in name()) {
            if let Ok(key) = UserNameKey::enforce(&n) {
                prop_assert_eq!(key.as_ref(), UserNameKey::map(&n));
                prop_assert_eq!(UserNameKey::enforce(key.as_ref()), Ok(key.clone()));
            }
        }

        #[test]
        fn mapping_is_idempotent(n in name()) {
            let once = UserNameKey::map(&n).into_owned();
            prop_assert_eq!(UserNameKey::map(&once), once.as_str());
        }

        #[test]
        fn equivalent_spellings_share_their_fate(n in name()) {
            prop_assert_eq!(UserNameKey::enforce(&n.nfd().collect::<String>()), UserNameKey::enforce(&n));
            prop_assert_eq!(UserNameKey::enforce(&fold(&n)), UserNameKey::enforce(&n));
        }

        #[test]
        fn names_accepted_by_the_profile_are_accepted(n in "[a-zA-Zé\u{301}ßςΣ\u{5d0}-\u{5ea}\u{5b0}0-9]{1,6}") {
            if let Ok(prepared) = UsernameCaseMapped::new().enforce(n.as_str()) {
                prop_assert_eq!(key(&n), fold(&prepared));
            }
        }
    }
}
