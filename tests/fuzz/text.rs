//! Text: metadata, filters, and the reader below them.

use super::mutate::folder;
use super::{Bound, ROUNDS, fuzz};
use lodestore::json::{Fields, Reader};
use lodestore::metadata::{Filter, compact, merge, parse_metadata};

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let files = folder(&format!("corpus/{name}"));
    // One input a line; a text of several lines would be none.
    files.iter().flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec)).collect()
}

#[test]
fn metadata_of_any_kind() {
    // A value of one byte, as in [1,1,1], is an enum of some words.
    let bound = Bound { each: 160, beside: 4096 };
    fuzz("metadata", ROUNDS, corpus("json"), &bound, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        let parsed = parse_metadata(text);
        if let Ok(value) = &parsed {
            // What is accepted is compacted to the same thing.
            let compact = compact(text).unwrap();
            assert_eq!(parse_metadata(&compact).as_ref(), Ok(value), "{text}");
            let merged = merge(&compact, text).unwrap();
            assert_eq!(parse_metadata(&merged).as_ref(), Ok(value), "{text}");
        }
        let oracle = serde_json::from_str::<serde_json::Value>(text);
        assert!(parsed.is_err() || oracle.is_ok_and(|value| value.is_object()), "{text}");
        parsed.is_ok()
    });
}

#[test]
fn json_readers() {
    let bound = Bound { each: 64, beside: 4096 };
    fuzz("json", ROUNDS, [corpus("json"), corpus("filter")].concat(), &bound, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        let mut reader = Reader::new(text);
        let raw = reader.raw().is_ok() && reader.end().is_ok();
        let _ = Reader::new(text).string();
        let _ = Reader::new(text).number();
        let _ = Fields::read("this", text);
        raw
    });
}

#[test]
fn filters_of_any_kind() {
    let bound = Bound { each: 400, beside: 4096 };
    let rows: Vec<_> = corpus("json")
        .iter()
        .filter_map(|text| parse_metadata(std::str::from_utf8(text).ok()?).ok())
        .collect();
    assert!(rows.len() > 5);
    fuzz("filter", ROUNDS, corpus("filter"), &bound, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        let Ok(filter) = Filter::parse(text) else { return false };
        // Whatever it says, every row has an answer.
        let matching = rows.iter().filter(|row| filter.matches(row)).count();
        matching <= rows.len()
    });
}
