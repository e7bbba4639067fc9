//! Random metadata and random filters.

use lodestore::limits::INDEXED_STRING_BYTES_MAX;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Random JSON text from a small world, so that filters hit.
pub struct World {
    /// Every choice comes from here.
    pub rng: ChaCha8Rng,
    /// How many further keys there are; with several hundred the index leaves paths out.
    pub further_keys: usize,
    /// Whether strings around the indexed length are among them.
    pub long_strings: bool,
}

impl World {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.rng.random_range(0..from.len())]
    }

    fn key(&mut self) -> String {
        if self.further_keys > 0 && self.rng.random_bool(0.7) {
            return format!("k{}", self.rng.random_range(0..self.further_keys));
        }
        self.pick(&["a", "a", "b", "c", "a.b", "b.c", "", "__proto__"]).to_owned()
    }

    fn string(&mut self) -> String {
        if self.long_strings && self.rng.random_bool(0.4) {
            // Around the bound, and alike up to there.
            let length = INDEXED_STRING_BYTES_MAX - 2 + self.rng.random_range(0..4);
            return "x".repeat(length) + self.pick(&["", "y", "abc", "é"]);
        }
        self.pick(&["", "a", "ab", "abc", "b", "bc", "1", "true", "é", "😀", "\u{fffd}", "x", "xx"])
            .to_owned()
    }

    fn scalar(&mut self) -> String {
        match self.rng.random_range(0..10) {
            0 => "null".to_owned(),
            1 => "true".to_owned(),
            2 => "false".to_owned(),
            3..=5 => {
                self.pick(&["0", "-0", "1", "1.0", "2", "-1", "-2.5", "1e3", "9007199254740993"]).to_owned()
            }
            _ => format!("\"{}\"", self.string()),
        }
    }

    fn value(&mut self, depth: usize) -> String {
        match self.rng.random_range(0..10) {
            0..=1 if depth > 0 => self.object(depth - 1),
            2..=4 if depth > 0 => {
                let items: Vec<String> =
                    (0..self.rng.random_range(0..4)).map(|_| self.value(depth - 1)).collect();
                format!("[{}]", items.join(","))
            }
            _ => self.scalar(),
        }
    }

    /// The text of an object, `depth` levels of containers below it at most.
    pub fn object(&mut self, depth: usize) -> String {
        let fields: Vec<String> = (0..self.rng.random_range(0..5))
            .map(|_| format!("\"{}\":{}", self.key(), self.value(depth)))
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    fn path(&mut self) -> String {
        let keys: Vec<String> =
            (0..self.pick(&["1", "1", "2", "3"]).parse().unwrap()).map(|_| self.key()).collect();
        keys.join(".")
    }

    fn operator(&mut self, depth: usize) -> String {
        let list = |world: &mut World| {
            let items: Vec<String> = (0..world.rng.random_range(0..4)).map(|_| world.scalar()).collect();
            format!("[{}]", items.join(","))
        };
        match self.rng.random_range(0..14) {
            0 => format!(r#""$eq":{}"#, self.scalar()),
            1 => format!(r#""$ne":{}"#, self.scalar()),
            2 => format!(r#""$in":{}"#, list(self)),
            3 => format!(r#""$nin":{}"#, list(self)),
            4 => format!(r#""$exists":{}"#, self.rng.random_bool(0.5)),
            5..=6 => format!(r#""$contains":{}"#, self.scalar()),
            7..=8 => format!(r#""$startsWith":"{}""#, self.string()),
            9 if depth > 0 => format!(r#""$not":{}"#, self.operators(depth - 1)),
            _ => {
                let order = self.pick(&["$gt", "$gte", "$lt", "$lte"]);
                let number = self.pick(&["0", "-0", "1", "1.5", "-1", "1e3"]);
                let bound = if self.rng.random_bool(0.5) {
                    number.to_owned()
                } else {
                    format!("\"{}\"", self.string())
                };
                format!(r#""{order}":{bound}"#)
            }
        }
    }

    fn operators(&mut self, depth: usize) -> String {
        let all: Vec<String> = (0..self.rng.random_range(1..4)).map(|_| self.operator(depth)).collect();
        format!("{{{}}}", all.join(","))
    }

    /// The text of a filter.
    pub fn filter(&mut self, depth: usize) -> String {
        let conditions: Vec<String> = (0..self.pick(&["0", "1", "1", "1", "1", "2", "3"]).parse().unwrap())
            .map(|_| match self.rng.random_range(0..8) {
                0..=1 if depth > 0 => {
                    let key = self.pick(&["$and", "$or", "$or"]);
                    let filters: Vec<String> =
                        (0..self.rng.random_range(1..4)).map(|_| self.filter(depth - 1)).collect();
                    format!(r#""{key}":[{}]"#, filters.join(","))
                }
                2 if depth > 0 => format!(r#""$not":{}"#, self.filter(depth - 1)),
                3 => format!(r#""{}":{}"#, self.path(), self.scalar()),
                _ => format!(r#""{}":{}"#, self.path(), self.operators(2)),
            })
            .collect();
        format!("{{{}}}", conditions.join(","))
    }
}
