//! Dotted paths: how the filter's oracle finds the values at a path, and how the index meets every path.
//!
//! A path is the keys from the top joined by `.`, so `{"a":{"b":1}}` and `{"a.b":1}` share the path `a.b`.
//! An array on the way stands for its elements: those that are objects are descended. An array directly inside
//! an array is not looked into. Both functions below must agree on this; the tests compare them.

use super::value::Value;

/// Whether `test` holds for some value at `path` below `root`. The value is handed over whole: an array at the
/// end of the path comes as the array.
pub fn any_at(root: &Value, path: &str, test: &mut dyn FnMut(&Value) -> bool) -> bool {
    let Value::Obj(fields) = root else {
        return false;
    };
    fields.iter().any(|(key, value)| {
        let Some(rest) = path.strip_prefix(&**key) else {
            return false;
        };
        if rest.is_empty() {
            return test(value);
        }
        let Some(rest) = rest.strip_prefix('.') else {
            return false;
        };
        match value {
            Value::Obj(_) => any_at(value, rest, test),
            Value::Arr(items) => items.iter().any(|item| any_at(item, rest, test)),
            _ => false,
        }
    })
}

/// Calls `visit` with every path below `root` and each value there. A path comes more than once when several
/// elements of an array have it. `scratch` is emptied and used to spell the paths, so that none is allocated.
pub fn walk(root: &Value, scratch: &mut String, visit: &mut dyn FnMut(&str, &Value)) {
    scratch.clear();
    step(root, scratch, true, visit);
}

fn step(value: &Value, path: &mut String, top: bool, visit: &mut dyn FnMut(&str, &Value)) {
    let Value::Obj(fields) = value else { return };
    let length = path.len();
    for (key, value) in fields {
        // Not "when the path is empty": an empty key is a key.
        if !top {
            path.push('.');
        }
        path.push_str(key);
        visit(path, value);
        match value {
            Value::Obj(_) => step(value, path, false, visit),
            Value::Arr(items) => items.iter().for_each(|item| step(item, path, false, visit)),
            _ => {}
        }
        path.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::parse_metadata;

    fn paths(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(&parse_metadata(text).unwrap(), &mut String::new(), &mut |path, _| found.push(path.to_owned()));
        found
    }

    #[test]
    fn every_path_is_met() {
        assert_eq!(
            paths(r#"{"a":{"b":1,"c":[{"d":2},{"d":3},[{"e":1}],4]}}"#),
            ["a", "a.b", "a.c", "a.c.d", "a.c.d"]
        );
        assert_eq!(paths(r#"{"a.b":1,"":{"":2,"x":3}}"#), ["a.b", "", ".", ".x"]);
    }

    #[test]
    fn what_walk_meets_any_at_finds() {
        for text in [
            r#"{"a":{"b":1,"c":[{"d":2},{"d":3},[{"e":1}],4]}}"#,
            r#"{"a.b":{"c":1},"a":{"b.c":2,"b":{"c":3}},"a.b.c":4}"#,
            r#"{"":{"":{"":1}},"..":2,".":3}"#,
        ] {
            let root = parse_metadata(text).unwrap();
            walk(&root, &mut String::new(), &mut |path, value| {
                assert!(any_at(&root, path, &mut |found| found == value), "{path} in {text}");
                assert!(!any_at(&root, &format!("{path}.none"), &mut |_| true), "{path} in {text}");
            });
        }
    }
}
