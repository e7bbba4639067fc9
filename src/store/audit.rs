//! The audit log: what was done to look after the database, when, and how it went. It is read when somebody asks, and
//! never at opening.

use super::database::{Database, Inner};
use super::env::Env;
use super::names::{self, AUDIT};
use crate::error::{Error, Result};
use crate::format::audit::{AUDIT_FILE_BYTES_MAX, AuditFile, encode_audit_entry, encode_audit_header};
use crate::json::{self, Fields, Object, ToJson, text};
use crate::limits::{AUDIT_ENTRIES_MAX, AUDIT_FILE_BYTES, AUDIT_KIND_BYTES_MAX};
use crate::metadata::parse_metadata;
use crate::storage::{Once, Storage};

/// Which entries are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// At most so many, the newest; 0 for as many as an answer can have.
    pub last: usize,
    /// Only entries of these kinds; all of them where there is none.
    pub kinds: Vec<String>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number: 1, 2, 3 and so on.
    pub seq: u64,
    /// When it was noted: milliseconds since 1970.
    pub time_ms: u64,
    /// What it is: `backup`, `verify`, `restore`, `drill`, `prune`, `forget`, `retention`, or a kind of the caller's own.
    pub kind: String,
    /// A JSON object.
    pub details: String,
}

/// What an audit log has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditLog {
    /// Oldest first.
    pub entries: Vec<AuditEntry>,
    /// What of it cannot be read, as far as was looked.
    pub damage: Vec<AuditDamage>,
}

/// Something of an audit log that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDamage {
    /// The file.
    pub file: String,
    /// What of it.
    pub what: String,
}

impl ToJson for AuditLog {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        json::list(object.field("entries"), self.entries.iter(), |out, entry| {
            let mut object = Object::new(out);
            object.counts(&[("seq", entry.seq), ("timeMs", entry.time_ms)]);
            object.text("kind", &entry.kind);
            object.field("details").push_str(&entry.details);
            object.end();
        });
        json::list(object.field("damage"), self.damage.iter(), |out, damage| {
            let mut object = Object::new(out);
            object.text("file", &damage.file);
            object.text("what", &damage.what);
            object.end();
        });
        object.end();
    }
}

impl<S: Storage, E: Env> Database<S, E> {
    /// What was done, oldest first. Damage is in the answer and no error.
    pub async fn audit(&self, query: &AuditQuery) -> Result<AuditLog> {
        let _turn = self.0.turn.take().await;
        self.0.disk.borrow().check_open()?;
        self.0.read_audit(query).await
    }

    /// Notes that something was done, and gives the number of the entry. `details` is a JSON object. Durable when it
    /// resolves; after an error it may be there all the same.
    pub async fn note(&self, kind: &str, details: &str) -> Result<u64> {
        let _turn = self.0.turn.take().await;
        self.0.check_sole_writer().await?;
        self.0.note(kind, details).await
    }
}

fn entry(kind: &str, details: &str) -> Result<String> {
    let fits = (1..=AUDIT_KIND_BYTES_MAX).contains(&kind.len());
    if !fits || !kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        return Err(Error::invalid("a kind of entry has 1 to 32 lower-case letters and '-'")
            .with("[a-z-]", format_args!("{kind:.60}")));
    }
    let mut out = String::new();
    let mut object = Object::new(&mut out);
    object.text("kind", kind);
    object.field("details").push_str(details.trim());
    object.end();
    // The whole of it, since that is what has to be read again; and not only that, or details could close the object.
    let checked = parse_metadata(details).and_then(|_| parse_metadata(&out));
    checked.map_err(|cause| cause.about(format_args!("the details of an entry")))?;
    Ok(out)
}

/// Kind and details of what is stored.
fn parts(text: &str) -> Option<(String, String)> {
    parse_metadata(text).ok()?;
    let fields = Fields::read("an entry", text).ok()?;
    let details = fields.raw("details").filter(|details| details.starts_with('{'))?;
    Some((fields.string("kind").ok()??, details.to_owned()))
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// As [`Database::note`], for a caller who has the turn and knows that nobody else writes here.
    pub(super) async fn note(&self, kind: &str, details: &str) -> Result<u64> {
        let said = entry(kind, details)?;
        self.disk.borrow().check_open()?;
        let (database, now) = (self.disk.borrow().database, self.env.now_ms());
        let files = names::numbered(&self.storage.list().await?, AUDIT);
        // Where the newest ends in what a crash or damage left, the next entry begins a file of its own.
        let (mut seq, mut append) = (1, None);
        for (at, (&generation, &length)) in files.iter().rev().enumerate() {
            let bytes = self.audit_bytes(generation, length).await?;
            let file = AuditFile::read(&database, generation, &bytes);
            if file.first.is_some() || file.last > 0 {
                seq = file.last + 1;
                let fits = file.is_whole && at == 0 && length < AUDIT_FILE_BYTES;
                append = fits.then_some((generation, length));
                break;
            }
        }
        let mut bytes = Vec::new();
        if let Some((generation, length)) = append {
            encode_audit_entry(&mut bytes, seq, now, &said)?;
            self.storage.append(&names::audit(generation), length, &bytes).await?;
        } else {
            let generation = files.keys().next_back().map_or(1, |last| last + 1);
            bytes = encode_audit_header(database, generation, now, seq);
            encode_audit_entry(&mut bytes, seq, now, &said)?;
            self.storage.create(&names::audit(generation), &mut Once::new(bytes)).await?;
        }
        Ok(seq)
    }

    /// Notes how something ended, the result as JSON: `{what, ok, result}` or `{what, ok, error, message}`. That it cannot be noted changes
    /// nothing about what was done, so nobody is told. For a caller who has the turn.
    pub(super) async fn note_outcome(&self, kind: &str, what: &str, done: Result<String>) {
        let mut details = String::new();
        let mut object = Object::new(&mut details);
        object.text("what", what);
        object.field("ok").push_str(if done.is_ok() { "true" } else { "false" });
        match done {
            Ok(result) => object.field("result").push_str(&result),
            Err(cause) => {
                object.text("error", cause.kind.name());
                object.text("message", &format!("{:.300}", cause.message));
            }
        }
        object.end();
        let _ = self.note(kind, &details).await;
    }

    async fn audit_bytes(&self, generation: u64, length: u64) -> Result<Vec<u8>> {
        self.storage.read(&names::audit(generation), 0..length.min(AUDIT_FILE_BYTES_MAX)).await
    }

    async fn read_audit(&self, query: &AuditQuery) -> Result<AuditLog> {
        let wanted = if query.last == 0 { AUDIT_ENTRIES_MAX } else { query.last.min(AUDIT_ENTRIES_MAX) };
        let database = self.disk.borrow().database;
        let files = names::numbered(&self.storage.list().await?, AUDIT);
        let mut log = AuditLog::default();
        // The number of the first entry behind the file that is being read.
        let mut after = None;
        for (&generation, &length) in files.iter().rev() {
            if log.entries.len() >= wanted {
                break;
            }
            let bytes = self.audit_bytes(generation, length).await?;
            let mut file = AuditFile::read(&database, generation, &bytes);
            file.damaged += length.saturating_sub(AUDIT_FILE_BYTES_MAX);
            let mut tell =
                |what: String| log.damage.push(AuditDamage { file: names::audit(generation), what });
            if let Some(after) = after.filter(|after| file.first.is_some() && *after > file.last + 1) {
                tell(missing(file.last + 1, after));
            }
            let all = file.entries.iter().rev();
            let read = all.map(|one| (one, parts(one.text)));
            for (one, parts) in read {
                let Some((kind, details)) = parts else {
                    tell(format!("entry {} verifies but is no entry", one.seq));
                    continue;
                };
                let is_wanted = query.kinds.is_empty() || query.kinds.contains(&kind);
                if is_wanted && log.entries.len() < wanted {
                    log.entries.push(AuditEntry { seq: one.seq, time_ms: one.time_ms, kind, details });
                }
            }
            if file.damaged > 0 {
                tell(format!("{} bytes do not verify", file.damaged));
            }
            after = file.first.or(after);
        }
        if let Some(first) = after.filter(|first| log.entries.len() < wanted && *first > 1) {
            log.damage.push(AuditDamage { file: names::audit(1), what: missing(1, first) });
        }
        log.entries.reverse();
        log.damage.reverse();
        Ok(log)
    }
}

fn missing(from: u64, to: u64) -> String {
    match to - from {
        1 => format!("entry {from} is missing"),
        _ => format!("entries {from} to {} are missing", to - 1),
    }
}

/// A result as what an entry says.
pub(super) fn said<T: ToJson>(done: &Result<T>) -> Result<String> {
    done.as_ref().map(text).map_err(Error::clone)
}
