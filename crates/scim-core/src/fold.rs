//! Case folding: the one meaning of `caseExact = false` (RFC 7643 section 2.2).
//!
//! Comparison in filters, uniqueness and keys in a database all use [`fold`], so two values are equal in one place
//! exactly when they are equal in the others. Fold once when a value is written and once per filter operand; to
//! compare a stored value that has not been folded, use the `*_folded` functions, which work on the fly.
//!
//! The Unicode tables are those of the crates `caseless` and `unicode-normalization`. Characters are case-folded from
//! the version of Unicode that `caseless` knows; keys kept in a database must be made again if that changes.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::iter;

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Folds `text`: normalization form C, then full Unicode case folding, then form C again.
///
/// Linear in the length of `text`, idempotent, and never fails. Canonically equivalent texts have the same fold.
/// Text that is folded already comes back borrowed; for ASCII text no table is read.
///
/// ```
/// use scim_core::fold::fold;
///
/// assert_eq!(fold("BJensen"), "bjensen");
/// assert_eq!(fold("STRASSE"), fold("straße"));
/// assert_eq!(fold("JOSE\u{301}"), "josé");
/// ```
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let composed = if is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    };
    let mut folded = String::with_capacity(composed.len());
    for c in composed.chars() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else {
            folded.extend(iter::once(c).default_case_fold());
        }
    }
    if !is_nfc(&folded) {
        folded = folded.nfc().collect();
    }
    if folded == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(folded)
    }
}

/// Whether `fold(stored)` equals `operand`, which must be a result of [`fold`].
///
/// Allocates nothing when `stored` is ASCII, and folds nothing beyond the first difference otherwise.
#[must_use]
#[inline]
pub fn eq_folded(stored: &str, operand: &str) -> bool {
    if stored.is_ascii() {
        return stored.eq_ignore_ascii_case(operand);
    }
    match ascii_difference(stored, operand) {
        Some(difference) => difference == (None, None),
        None => fold(stored) == operand,
    }
}

/// Whether `fold(stored)` contains `operand`, which must be a result of [`fold`]. An empty operand is in every text.
///
/// Linear in the length of `stored`. Allocates nothing when `stored` is ASCII, unless `stored` is made of false starts
/// of a long operand.
#[must_use]
pub fn contains_folded(stored: &str, operand: &str) -> bool {
    if stored.is_ascii() {
        ascii_contains(stored.as_bytes(), operand.as_bytes()).unwrap_or_else(|| fold(stored).contains(operand))
    } else {
        fold(stored).contains(operand)
    }
}

/// Whether `fold(stored)` starts with `operand`, which must be a result of [`fold`].
///
/// Allocates nothing when `stored` is ASCII, and reads no further than the first difference.
#[must_use]
#[inline]
pub fn starts_with_folded(stored: &str, operand: &str) -> bool {
    match ascii_difference(stored, operand) {
        Some((_, left_of_operand)) => left_of_operand.is_none(),
        None => fold(stored).starts_with(operand),
    }
}

/// Whether `fold(stored)` ends with `operand`, which must be a result of [`fold`].
///
/// Allocates nothing when `stored` is ASCII.
#[must_use]
pub fn ends_with_folded(stored: &str, operand: &str) -> bool {
    if stored.is_ascii() {
        let end = stored
            .len()
            .checked_sub(operand.len())
            .and_then(|at| stored.as_bytes().get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(operand.as_bytes()))
    } else {
        fold(stored).ends_with(operand)
    }
}

/// The order of `fold(stored)` and `operand`, which must be a result of [`fold`]: by code point.
///
/// Allocates nothing when `stored` is ASCII, and reads no further than the first difference.
#[must_use]
#[inline]
pub fn cmp_folded(stored: &str, operand: &str) -> Ordering {
    match ascii_difference(stored, operand) {
        Some((stored, operand)) => stored.cmp(&operand),
        None => (*fold(stored)).cmp(operand),
    }
}

/// The first bytes in which `fold(stored)` and `operand` differ, each `None` at the end of its text; both are `None`
/// when the texts are equal. `None` as a whole: `stored` has other than ASCII up to there or right after it, and only
/// [`fold`] can tell.
#[inline]
fn ascii_difference(stored: &str, operand: &str) -> Option<(Option<u8>, Option<u8>)> {
    let mut stored = stored.bytes().peekable();
    let mut operand = operand.bytes();
    loop {
        let left = stored.next().map(|b| b.to_ascii_lowercase());
        let right = operand.next();
        if left.is_some_and(|b| !b.is_ascii()) {
            return None;
        }
        if left != right || left.is_none() {
            // A mark that follows would be composed with this letter.
            return stored.peek().is_none_or(u8::is_ascii).then_some((left, right));
        }
    }
}

/// Looks at each place where the first byte fits. `None`: too many of them for the length of the operand, so that
/// going on could take time proportional to the product of both lengths.
fn ascii_contains(stored: &[u8], operand: &[u8]) -> Option<bool> {
    const BYTES_COMPARED_PER_STORED_BYTE: usize = 16;

    let Some((&first, rest)) = operand.split_first() else {
        return Some(true);
    };
    let mut budget = stored.len().saturating_mul(BYTES_COMPARED_PER_STORED_BYTE);
    for window in stored.windows(operand.len()) {
        let Some((start, tail)) = window.split_first() else {
            continue;
        };
        if start.to_ascii_lowercase() == first {
            if tail.eq_ignore_ascii_case(rest) {
                return Some(true);
            }
            budget = budget.checked_sub(operand.len())?;
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ascii_is_lower_cased_and_borrowed_when_lower_case_already() {
        assert!(matches!(
            fold("bjensen@example.com 07"),
            Cow::Borrowed("bjensen@example.com 07")
        ));
        assert!(matches!(fold(""), Cow::Borrowed("")));
        assert_eq!(fold("BJensen@[Z]"), "bjensen@[z]");
    }

    #[test]
    fn folded_text_beyond_ascii_is_borrowed() {
        assert!(matches!(fold("josé"), Cow::Borrowed("josé")));
    }

    #[test]
    fn full_folding_of_normalized_text() {
        for (text, folded) in [
            ("JOSÉ", "josé"),
            ("jose\u{301}", "josé"),
            ("Straße", "strasse"),
            ("STRAẞE", "strasse"),
            ("\u{212a}evin", "kevin"),
            ("\u{212b}", "å"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("σίσυφος", "σίσυφοσ"),
            ("\u{130}", "i\u{307}"),
            ("J\u{30c}", "\u{1f0}"),
            ("\u{1f0}", "\u{1f0}"),
            ("oﬃce", "office"),
            ("\u{1fb3}", "αι"),
            ("\u{390}", "\u{390}"),
            ("\u{1fd3}", "\u{390}"),
            ("Ꭰ\u{ab70}", "ᎠᎠ"),
            ("ПРИВЕТ", "привет"),
            ("a\0B\u{e9}", "a\0bé"),
        ] {
            assert_eq!(fold(text), folded, "{text:?}");
            assert_eq!(fold(folded), folded, "{folded:?}");
        }
    }

    #[test]
    fn every_character_folds_to_a_fixed_point() {
        // The planes above have neither case nor width.
        for c in '\0'..='\u{1ffff}' {
            let once = fold(c.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(fold(&once), once, "{c:?}");
        }
    }

    #[test]
    fn ascii_operands_meet_text_that_folds_to_ascii() {
        assert!(eq_folded("\u{212a}evin", "kevin"));
        assert!(starts_with_folded("\u{212a}evin", "ke"));
        assert!(ends_with_folded("Strauß", "uss"));
        assert!(contains_folded("Straußfarm", "ssf"));
        assert_eq!(cmp_folded("ß", "ss"), Ordering::Equal);
    }

    #[test]
    fn a_mark_after_the_operand_belongs_to_its_last_letter() {
        assert!(!starts_with_folded("Jose\u{301}", "jose"));
        assert!(starts_with_folded("Jose\u{301}", "jos"));
        assert!(!ends_with_folded("Jose\u{301}", "\u{301}"));
        assert_eq!(cmp_folded("e\u{301}", "z"), Ordering::Greater);
    }

    #[test]
    fn empty_operands() {
        for stored in ["", "a", "é"] {
            assert!(contains_folded(stored, ""));
            assert!(starts_with_folded(stored, ""));
            assert!(ends_with_folded(stored, ""));
            assert_eq!(eq_folded(stored, ""), stored.is_empty());
        }
    }

    #[test]
    fn a_text_of_false_starts_is_searched_in_linear_time() {
        let stored = "A".repeat(1 << 20);
        let operand = "a".repeat(1 << 19) + "b";
        assert_eq!(ascii_contains(stored.as_bytes(), operand.as_bytes()), None);
        assert!(!contains_folded(&stored, &operand));
        assert!(contains_folded(&(stored + "B"), &operand));
    }

    /// Short texts over few letters, so that matches are frequent, and any text.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[abAB]{0,12}",
            "[a-cA-C\u{212a}kKßsSéÉe\u{301}\u{327}]{0,8}",
            "[\u{345}\u{301}\u{323}\u{307}\u{308}iİIıαᾳΑΣσςϊΐ]{0,8}",
            "[a-zA-Z0-9@. ]{0,30}",
            any::<String>(),
        ]
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(s in text()) {
            let once = fold(&s).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
        }

        #[test]
        fn equivalent_texts_fold_alike(s in text()) {
            let (decomposed, composed): (String, String) = (s.nfd().collect(), s.nfc().collect());
            prop_assert_eq!(fold(&decomposed), fold(&s));
            prop_assert_eq!(fold(&composed), fold(&s));
        }

        #[test]
        fn comparisons_agree_with_folding_first(stored in text(), other in text(), cut in 0_usize..8) {
            let folded = fold(&stored);
            let whole = fold(&other).into_owned();
            let inner: String = folded.chars().skip(cut).take(4).collect();
            for operand in [whole, fold(&inner).into_owned(), folded.clone().into_owned()] {
                prop_assert_eq!(eq_folded(&stored, &operand), folded == operand);
                prop_assert_eq!(contains_folded(&stored, &operand), folded.contains(&operand));
                prop_assert_eq!(starts_with_folded(&stored, &operand), folded.starts_with(&operand));
                prop_assert_eq!(ends_with_folded(&stored, &operand), folded.ends_with(&operand));
                prop_assert_eq!(cmp_folded(&stored, &operand), (*folded).cmp(&operand));
            }
        }

        #[test]
        fn long_operands_agree(stored in "[aA]{0,200}b?", operand in "a{0,60}b?") {
            prop_assert_eq!(contains_folded(&stored, &operand), fold(&stored).contains(&operand));
        }
    }
}
