//! Metadata as stored text: compact JSON, and the shallow merge of `update`.

use super::value::{last_wins, parse_json, parse_metadata, too_large};
use crate::error::Result;
use crate::json::{self, Fields};
use crate::limits::METADATA_BYTES_MAX;

/// Valid JSON without the whitespace between its tokens. What stands inside strings, and how numbers are
/// written, stays as it was.
pub fn compact(text: &str) -> Result<String> {
    parse_json(text, "metadata")?;
    Ok(strip(text))
}

/// The top-level keys of `patch` put over those of `base`: a key of the patch replaces, `null` stays null, new
/// keys come last. Keys that the patch does not name keep their text. `base` is metadata as stored; the patch
/// is checked like any metadata, and so is the size of the result, which is compact JSON.
pub fn merge(base: &str, patch: &str) -> Result<String> {
    parse_metadata(patch)?;
    let mut fields = Fields::read("the metadata to update", base)?.into_pairs();
    fields.extend(Fields::read("metadata", patch)?.into_pairs());
    let mut merged = String::with_capacity(base.len() + patch.len());
    for (key, raw) in last_wins(fields) {
        merged.push(if merged.is_empty() { '{' } else { ',' });
        json::string(&mut merged, &key);
        merged.push(':');
        merged.push_str(&strip(raw));
    }
    if merged.is_empty() {
        merged.push('{');
    }
    merged.push('}');
    if merged.len() > METADATA_BYTES_MAX {
        return Err(too_large(merged.len()));
    }
    Ok(merged)
}

/// Bytes of the text without whitespace outside strings; for text that is not JSON some number.
pub(super) fn compact_len(text: &str) -> usize {
    let mut bytes = 0;
    significant(text, |_| bytes += 1);
    bytes
}

fn strip(text: &str) -> String {
    let mut kept = Vec::with_capacity(text.len());
    significant(text, |byte| kept.push(byte));
    // Only ASCII was left out, so this is UTF-8; and whitespace would do no harm.
    String::from_utf8(kept).unwrap_or_else(|_| text.to_owned())
}

fn significant(text: &str, mut keep: impl FnMut(u8)) {
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        if in_string {
            keep(byte);
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            keep(byte);
            in_string = byte == b'"';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn top_level_keys_replace_and_the_rest_keeps_its_text() {
        for (base, patch, merged) in [
            (r#"{"a":1,"b":2}"#, r#"{"a":3}"#, r#"{"a":3,"b":2}"#),
            (r#"{"a":1}"#, r#"{"c":1,"b":2}"#, r#"{"a":1,"c":1,"b":2}"#),
            (r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"x":3}}"#, r#"{"a":{"x":3}}"#),
            (r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":null}"#),
            (
                r#"{"a":1.50,"b":"\u0041 \" {"}"#,
                r#"{ "c" : [ 1 , 2 ] }"#,
                r#"{"a":1.50,"b":"\u0041 \" {","c":[1,2]}"#,
            ),
            (r#"{"a":9007199254740993}"#, "{}", r#"{"a":9007199254740993}"#),
            ("{}", "{}", "{}"),
            (r#"{"a":1,"a":2}"#, r#"{"b":1,"b":2}"#, r#"{"a":2,"b":2}"#),
            (r#"{"__proto__":1}"#, r#"{"__proto__":{"x":2}}"#, r#"{"__proto__":{"x":2}}"#),
            (r#"{"q\"k":1}"#, r#"{"q\"k":2}"#, r#"{"q\"k":2}"#),
        ] {
            assert_eq!(super::merge(base, patch).unwrap(), merged);
        }
    }

    #[test]
    fn bad_patches_and_too_large_results_are_refused() {
        for patch in ["", "[]", "null", "{\"a\":", "{} x"] {
            assert_eq!(super::merge("{}", patch).unwrap_err().kind, Kind::Invalid);
        }
        assert_eq!(super::merge("[]", "{}").unwrap_err().kind, Kind::Invalid);
        let half = "x".repeat(METADATA_BYTES_MAX / 2);
        let error =
            super::merge(&format!(r#"{{"a":"{half}"}}"#), &format!(r#"{{"b":"{half}"}}"#)).unwrap_err();
        assert!(error.message.contains("too large"), "{error}");
    }

    #[test]
    fn whitespace_goes_only_between_tokens() {
        let text = "{ \"a b\" :\t[ 1 ,\r\n \"x \\\" y\\\\\" , { } ] }";
        assert_eq!(compact(text).unwrap(), "{\"a b\":[1,\"x \\\" y\\\\\",{}]}");
        assert_eq!(compact_len(text), compact(text).unwrap().len());
        assert_eq!(compact("{\"é\" : \"ü ü\"}").unwrap(), "{\"é\":\"ü ü\"}");
        assert_eq!(compact("{").unwrap_err().kind, Kind::Invalid);
    }
}
