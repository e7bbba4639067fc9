//! The audit log: what is noted stays, whatever happens to what is noted after it, and damage costs what it hits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::limits::{AUDIT_ENTRY_BYTES_MAX, AUDIT_FILE_BYTES};
use lodestore::storage::{MemoryStorage, Once, Storage};
use lodestore::store::{AuditLog, AuditQuery, Database, ImportOptions, Point};
use support::fault::{Borrowed, Fault, FaultStorage};
use support::model::Model;
use support::{Pieces, TestEnv, block_on, config, drain, open, rows};

fn audit<S: Storage>(db: &Database<S, TestEnv>) -> AuditLog {
    block_on(db.audit(&AuditQuery::default())).unwrap()
}

fn asked<S: Storage>(db: &Database<S, TestEnv>, last: usize, kinds: &[&str]) -> Vec<u64> {
    let kinds = kinds.iter().map(|kind| kind.to_string()).collect();
    let log = block_on(db.audit(&AuditQuery { last, kinds })).unwrap();
    log.entries.iter().map(|entry| entry.seq).collect()
}

/// The numbers in the details of the entries: `{"n":..}`.
fn numbers(log: &AuditLog) -> Vec<u64> {
    let of = |details: &str| {
        let details: serde_json::Value = serde_json::from_str(details).unwrap();
        details["n"].as_u64().unwrap()
    };
    log.entries.iter().map(|entry| of(&entry.details)).collect()
}

fn note<S: Storage>(db: &Database<S, TestEnv>, n: u64) -> lodestore::Result<u64> {
    block_on(db.note("drill", &format!("{{\"n\":{n}}}")))
}

fn files(storage: &MemoryStorage) -> Vec<String> {
    let mut names: Vec<String> =
        storage.files().into_keys().filter(|name| name.starts_with("audit-")).collect();
    names.sort();
    names
}

fn edit(storage: &MemoryStorage, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = storage.files().remove(name).unwrap();
    change(&mut bytes);
    block_on(storage.remove(name)).unwrap();
    block_on(storage.create(name, &mut Once::new(bytes))).unwrap();
}

#[test]
fn entries_are_read_back_in_order_and_by_kind() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    assert_eq!(audit(&db), AuditLog::default());
    let before = block_on(storage.list()).unwrap().len();
    for n in 0..10 {
        let kind = ["backup", "verify"][n as usize % 2];
        assert_eq!(block_on(db.note(kind, &format!(" {{\"n\":{n}}} "))).unwrap(), n + 1);
    }
    assert_eq!(block_on(storage.list()).unwrap().len(), before + 1, "one file");
    let log = audit(&db);
    assert_eq!(numbers(&log), (0..10).collect::<Vec<_>>());
    assert!(log.entries.is_sorted_by_key(|entry| (entry.seq, entry.time_ms)));
    assert_eq!((log.entries[3].seq, log.entries[3].kind.as_str()), (4, "verify"));
    assert_eq!(asked(&db, 3, &[]), [8, 9, 10]);
    assert_eq!(asked(&db, 2, &["backup"]), [7, 9]);
    assert_eq!(asked(&db, 0, &["backup", "drill"]), [1, 3, 5, 7, 9]);
    block_on(db.close());
    assert_eq!(block_on(db.audit(&AuditQuery::default())).unwrap_err().kind, Kind::Closed);
    assert_eq!(block_on(db.note("drill", "{}")).unwrap_err().kind, Kind::Closed);
    let db = open(storage).unwrap();
    assert_eq!(audit(&db), log);
    assert_eq!(note(&db, 10).unwrap(), 11);
    assert!(block_on(db.check()).unwrap().ok);
}

#[test]
fn what_is_no_entry_is_refused() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(AUDIT_ENTRY_BYTES_MAX));
    let deep = format!("{}1{}", "{\"a\":".repeat(16), "}".repeat(16));
    let wrong =
        ["", "[]", "null", "{", "{\"a\":0x10}", "{}}", "{},\"kind\":\"backup\",\"details\":{}", &long, &deep];
    for details in wrong {
        let cause = block_on(db.note("drill", details)).unwrap_err();
        assert_eq!(cause.kind, Kind::Invalid, "{details:.60}");
    }
    for kind in ["", "Drill", "a b", "d\"", &"a".repeat(33)] {
        assert_eq!(block_on(db.note(kind, "{}")).unwrap_err().kind, Kind::Invalid, "{kind}");
    }
    assert!(files(&storage).is_empty());
}

#[test]
fn a_long_log_is_several_files_and_the_last_entries_are_in_the_last() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let details = |n: u64| format!("{{\"n\":{n},\"x\":\"{}\"}}", "x".repeat(30_000));
    for n in 0..40 {
        assert_eq!(block_on(db.note("drill", &details(n))).unwrap(), n + 1);
    }
    assert!(files(&storage).len() > 3);
    let longest = storage.files().into_iter().filter(|(name, _)| name.starts_with("audit-"));
    let longest = longest.map(|(_, bytes)| bytes.len() as u64).max().unwrap();
    assert!(longest < AUDIT_FILE_BYTES + 31_000, "{longest}");
    let log = audit(&db);
    assert_eq!((numbers(&log), log.damage.len()), ((0..40).collect(), 0));
    // What lies before what is asked for is not even read.
    edit(&storage, "audit-1", |bytes| bytes[100] ^= 1);
    let last = AuditQuery { last: 2, kinds: Vec::new() };
    assert_eq!(block_on(db.audit(&last)).unwrap().damage, []);
    let log = audit(&db);
    assert_eq!(numbers(&log), (1..40).collect::<Vec<_>>());
    assert_eq!(log.damage.len(), 1);
    assert_eq!(log.damage[0].file, "audit-1");
    // A file that is gone is told of, wherever it was.
    block_on(storage.remove("audit-2")).unwrap();
    let log = audit(&db);
    let missing = log.damage.iter().filter(|one| one.what.contains("missing"));
    assert_eq!(missing.count(), 1, "{:?}", log.damage);
    block_on(storage.remove("audit-1")).unwrap();
    assert!(audit(&db).damage.iter().any(|one| one.what.starts_with("entries 1 to ")));
    assert_eq!(note(&db, 40).unwrap(), 41);
}

#[test]
fn after_any_flipped_bit_or_cut_the_rest_is_there_and_the_next_entry_is_kept() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    for n in 0..4 {
        note(&db, n).unwrap();
    }
    let whole = storage.files().remove("audit-1").unwrap();
    for change in 0..whole.len() * 9 {
        let mut bytes = whole.clone();
        match change / whole.len() {
            8 => bytes.truncate(change % whole.len()),
            bit => bytes[change % whole.len()] ^= 1 << bit,
        }
        let cut = bytes.len() < whole.len();
        edit(&storage, "audit-1", |old| *old = bytes);
        let log = audit(&db);
        assert!(cut || log.entries.len() >= 3 && !log.damage.is_empty(), "change {change}: {log:?}");
        let before = numbers(&log);
        note(&db, 99).unwrap();
        let log = audit(&db);
        assert_eq!(numbers(&log), [before, vec![99]].concat(), "change {change}");
        assert!(block_on(db.check()).unwrap().ok, "the rows are whole");
        for name in files(&storage) {
            block_on(storage.remove(&name)).unwrap();
        }
        block_on(storage.create("audit-1", &mut Once::new(whole.clone()))).unwrap();
    }
}

#[test]
fn a_fault_at_any_call_costs_what_was_being_noted_at_the_most() {
    let mut faults = vec![Fault::CrashBefore, Fault::CrashAfter];
    for kind in [Kind::Unavailable, Kind::Quota] {
        faults.extend([Fault::Refuse(kind), Fault::Lie(kind)]);
    }
    faults.extend((0..190).step_by(3).flat_map(|at| [Fault::CrashDuring(at), Fault::Cut(at, Kind::Quota)]));
    for fault in faults {
        for call in 0..5 {
            let what = format!("{fault:?} at call {call}");
            let inner = MemoryStorage::new();
            block_on(open(inner.clone()).unwrap().collection("c", Some(config(3, Metric::Dot)))).unwrap();
            let storage = FaultStorage::new(inner.clone(), call, Some(fault));
            let db = open(Borrowed(&storage)).unwrap();
            let mut expected = Vec::new();
            let mut doubtful = None;
            for n in 0..5 {
                match note(&db, n) {
                    Ok(_) => expected.push(n),
                    Err(_) => doubtful = Some((expected.len(), n)),
                }
                if storage.crashed() {
                    break;
                }
            }
            assert!(storage.calls() > call, "{what}");
            drop(db);
            let db = open(inner.clone()).unwrap();
            note(&db, 77).unwrap();
            expected.push(77);
            let log = audit(&db);
            let found = numbers(&log);
            let mut other = expected.clone();
            if let Some((at, n)) = doubtful {
                other.insert(at, n);
            }
            assert!(found == expected || found == other, "{what}: {found:?}, not {expected:?}");
            assert_eq!(log.damage, [], "{what}");
            let seqs: Vec<u64> = log.entries.iter().map(|entry| entry.seq).collect();
            assert_eq!(seqs, (1..=found.len() as u64).collect::<Vec<_>>(), "{what}");
            assert!(block_on(db.check()).unwrap().ok, "{what}");
        }
    }
}

#[test]
fn somebody_else_who_writes_is_not_written_over() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c", Some(config(3, Metric::Dot)))).unwrap();
    note(&db, 0).unwrap();
    let other = open(storage.clone()).unwrap();
    block_on(other.upsert("c", rows("r", 0..1, 3))).unwrap();
    assert_eq!(note(&db, 1).unwrap_err().kind, Kind::Conflict);
    note(&other, 2).unwrap();
    assert_eq!(numbers(&audit(&other)), [0, 2]);
}

#[test]
fn restores_are_noted() {
    let source = open(MemoryStorage::new()).unwrap();
    block_on(source.collection("c", Some(config(3, Metric::Dot)))).unwrap();
    block_on(source.upsert("c", rows("s", 0..9, 3))).unwrap();
    let archive = block_on(drain(&mut block_on(source.export()).unwrap())).unwrap();

    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c", rows("r", 0..3, 3))).unwrap();
    let was = Model::read(&db);
    let import = |bytes: &[u8], replace| {
        block_on(db.import(&mut Pieces(bytes.chunks(64)), ImportOptions { replace, total_bytes: 0 }))
    };
    assert!(import(&archive, false).is_err());
    assert_eq!(audit(&db).entries, [], "refused before it began");
    assert!(import(&archive[..archive.len() - 1], true).is_err());
    assert!(files(&storage).is_empty(), "what is refused changes nothing");
    import(&archive, true).unwrap();
    block_on(db.upsert("c", rows("t", 0..3, 3))).unwrap();
    block_on(db.restore(block_on(db.as_of(Point::Seq(db.last_write() - 1))).unwrap())).unwrap();
    let log = audit(&db);
    let all: Vec<&str> = log.entries.iter().map(|entry| entry.details.as_str()).collect();
    assert_eq!(
        all[0],
        format!(
            "{{\"what\":\"import\",\"ok\":true,\"result\":{{\"collections\":1,\"rows\":9,\"bytes\":{}}}}}",
            archive.len()
        )
    );
    assert!(all[1].contains("\"ok\":true,\"result\":{\"collections\":1,\"rows\":9"), "{all:?}");
    assert_eq!(log.entries.len(), 2);
    assert!(log.entries.iter().all(|entry| entry.kind == "restore"));
    assert_ne!(Model::read(&db), was);
    let again = open(storage).unwrap();
    assert_eq!(audit(&again), log);
}

#[test]
fn a_restore_can_say_more_in_its_entry() {
    let db = open(MemoryStorage::new()).unwrap();
    block_on(db.collection("c", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c", rows("r", 0..3, 3))).unwrap();
    block_on(db.upsert("c", rows("s", 0..3, 3))).unwrap();
    let mut stage = block_on(db.stage_past(block_on(db.as_of(Point::Seq(2))).unwrap())).unwrap();
    for refused in ["", "1", "{", "{}}", "{\"a\":1},\"ok\":{"] {
        assert_eq!(stage.tell(refused).unwrap_err().kind, Kind::Invalid, "{refused}");
    }
    stage.tell(" {\"took\":{\"contentMs\":7}}\n").unwrap();
    block_on(stage.commit()).unwrap();
    let mut silent =
        block_on(db.stage_past(block_on(db.as_of(Point::Seq(db.last_write()))).unwrap())).unwrap();
    silent.tell(" { } ").unwrap();
    block_on(silent.commit()).unwrap();
    let log = audit(&db);
    assert_eq!(log.entries.len(), 2);
    assert!(log.entries[1].details.contains("\"rows\":3,\"bytes\":"), "{:?}", log.entries[1]);
    let details = &log.entries[0].details;
    assert!(
        details.contains("\"rows\":3,") && details.ends_with(",\"took\":{\"contentMs\":7}}\n}"),
        "{details}"
    );
}
