//! What a check found. The field names are those of the JavaScript API.

use super::super::salvage::Quarantined;
use crate::json::{self, Object, ToJson};

/// Problems that are listed one by one; further ones are counted.
const PROBLEMS_MAX: usize = 100;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Whether there is no problem, or every one was repaired.
    pub ok: bool,
    /// Up to 100 problems.
    pub problems: Vec<Problem>,
    /// Further problems.
    pub more_problems: u64,
    /// Rows compared.
    pub rows: u64,
    /// Blocks verified, each once.
    pub blocks: u64,
    /// Frames verified.
    pub frames: u64,
    /// Damaged files that a repair kept aside.
    pub files: Vec<Quarantined>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// What kind: `manifest`, `block`, `log` or `stored-graph` for what is in storage, `row` or `collection` where storage
    /// and memory differ, `retention` for a policy that cannot be read, `codes`, `graph` or `secondary` for what follows from the rows in memory.
    pub code: &'static str,
    /// File or collection.
    pub r#where: String,
    /// What is wrong.
    pub what: String,
    /// It is about what follows from the rows, an index: no row is lost, and it can be made again.
    pub derived: bool,
    /// The damaged file.
    pub file: Option<String>,
    /// Name of the collection, where it is about one.
    pub collection: Option<String>,
    /// The row group, where it is about one.
    pub group: Option<u64>,
    /// The row, where it is about one.
    pub id: Option<String>,
    /// What was done about it; `None` where nothing was.
    pub repaired: Option<&'static str>,
}

impl Problem {
    /// A problem of what is in storage.
    pub(super) fn stored(code: &'static str, file: &str, what: String) -> Problem {
        Problem { code, r#where: file.to_owned(), what, file: Some(file.to_owned()), ..Problem::default() }
    }

    /// A problem of a collection.
    pub(super) fn of(code: &'static str, collection: &str, what: String) -> Problem {
        let (place, collection) = (collection.to_owned(), Some(collection.to_owned()));
        Problem { code, r#where: place, what, collection, ..Problem::default() }
    }
}

impl CheckReport {
    pub(super) fn add(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }
}

fn boolean(object: &mut Object<'_>, name: &str, value: bool) {
    object.field(name).push_str(if value { "true" } else { "false" });
}

impl ToJson for CheckReport {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        boolean(&mut object, "ok", self.ok);
        self.problems.to_json(object.field("problems"));
        object.counts(&[
            ("moreProblems", self.more_problems),
            ("rows", self.rows),
            ("blocks", self.blocks),
            ("frames", self.frames),
        ]);
        json::list(object.field("files"), self.files.iter(), |out, file| file.to_json(out));
        object.end();
    }
}

impl ToJson for Problem {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.text("code", self.code);
        object.text("where", &self.r#where);
        object.text("what", &self.what);
        boolean(&mut object, "derived", self.derived);
        let texts = [("file", &self.file), ("collection", &self.collection), ("id", &self.id)];
        for (name, text) in texts {
            if let Some(text) = text {
                object.text(name, text);
            }
        }
        if let Some(group) = self.group {
            object.count("group", group);
        }
        if let Some(done) = self.repaired {
            object.text("repaired", done);
        }
        object.end();
    }
}
