//! Values to JSON, most texts copied as they are.

use serde_json::Value;

/// Writes a value; it nests no deeper than the body that it came with.
pub(crate) fn write_json(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => write_text(text, out),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Array(list) => {
            out.push(b'[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_json(value, out);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            for (index, (name, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write_json(value, out);
            }
            out.push(b'}');
        }
        Value::Null | Value::Number(_) => write_other(value, out),
    }
}

/// Writes a text in its quotes.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    // Without a way out of the loop, many bytes are looked at together.
    let is_plain = |plain, byte| plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\');
    if text.bytes().fold(true, is_plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        write_other(text, out);
    }
}

/// Writes a whole number.
pub(crate) fn write_number(mut number: u64, out: &mut Vec<u8>) {
    // The longest has 20 digits; they are found from the last to the first.
    let mut digits = [0; 20];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.wrapping_add((number % 10) as u8);
        number /= 10;
        count += 1;
        if number == 0 {
            break;
        }
    }
    out.extend(digits.get(digits.len() - count..).unwrap_or_default());
}

fn write_other<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Writing texts and numbers into a Vec has no way to fail.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write_json(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_of_each_kind_are_written_as_serde_json_does() {
        let value = json!({
            "": [], "a\"b": {}, "list": [1, -2, 0.5, true, false, null, [["x"], {"y": "z"}]], "u64": u64::MAX,
            "text": "\u{0}\u{1f}\u{7f}\n\\/\u{e9}\u{2028}\u{1f600}",
        });
        assert_eq!(written(&value), value.to_string());
    }

    #[test]
    fn whole_numbers_have_all_their_digits() {
        for number in [0, 7, 10, 99, 100, 1_234_567_890, u64::MAX] {
            let mut out = Vec::new();
            write_number(number, &mut out);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_serde_json_does(text in any::<String>()) {
            prop_assert_eq!(written(&Value::from(text.as_str())), Value::from(text).to_string());
        }
    }
}
