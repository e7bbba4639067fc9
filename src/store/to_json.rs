//! Reports as JSON. The field names are those of the JavaScript API.

use super::report::{CheckpointResult, ImportResult, OpenReport, OpenedGraph, Phase, SkippedSnapshot};
use super::stats::{CollectionInfo, IndexState, KeptSnapshot, Stats};
use super::write::Written;
use crate::collection::HnswConfig;
use crate::json::{self, Object, ToJson, number};

fn counts(out: &mut String, counts: &[(&str, u64)]) {
    let mut object = Object::new(out);
    object.counts(counts);
    object.end();
}

impl ToJson for Written {
    fn to_json(&self, out: &mut String) {
        counts(out, &[("count", self.count), ("seq", self.seq)]);
    }
}

impl ToJson for CheckpointResult {
    fn to_json(&self, out: &mut String) {
        counts(
            out,
            &[
                ("generation", self.generation),
                ("seq", self.seq),
                ("blocksWritten", self.blocks_written),
                ("blocksReused", self.blocks_reused),
                ("bytesWritten", self.bytes_written),
            ],
        );
    }
}

impl ToJson for ImportResult {
    fn to_json(&self, out: &mut String) {
        counts(out, &[("collections", self.collections), ("rows", self.rows), ("bytes", self.bytes)]);
    }
}

impl ToJson for OpenReport {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        match self.snapshot {
            Some(generation) => object.count("snapshot", generation),
            None => object.field("snapshot").push_str("null"),
        }
        self.snapshots_skipped.to_json(object.field("snapshotsSkipped"));
        object.counts(&[
            ("framesReplayed", self.frames_replayed),
            ("bytesDropped", self.bytes_dropped),
            ("rows", self.rows),
            ("rowsQuarantined", self.rows_quarantined),
            ("nodesRebuilt", self.nodes_rebuilt),
        ]);
        self.graphs.to_json(object.field("graphs"));
        for (field, names) in
            [("codesRebuilt", &self.codes_rebuilt), ("vectorsInMemory", &self.vectors_in_memory)]
        {
            json::list(object.field(field), names.iter(), |out, name| json::string(out, name));
        }
        self.phases.to_json(object.field("phases"));
        object.end();
    }
}

impl ToJson for OpenedGraph {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.text("collection", &self.collection);
        object.counts(&[("nodes", self.nodes), ("pending", self.pending)]);
        if let Some(reason) = &self.rebuilt {
            object.text("rebuilt", reason);
        }
        object.end();
    }
}

impl ToJson for SkippedSnapshot {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.count("generation", self.generation);
        object.text("reason", &self.reason);
        object.end();
    }
}

impl ToJson for Phase {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.text("name", self.name);
        number(object.field("ms"), self.ms as f32);
        object.end();
    }
}

impl ToJson for Stats {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.count("seq", self.seq);
        self.collections.to_json(object.field("collections"));
        let bytes = &self.bytes;
        counts(
            object.field("bytes"),
            &[
                ("log", bytes.log),
                ("blocks", bytes.blocks),
                ("snapshots", bytes.snapshots),
                ("upkeep", bytes.upkeep),
                ("other", bytes.other),
                ("total", bytes.total),
            ],
        );
        self.snapshots.to_json(object.field("snapshots"));
        object.counts(&[("logBytes", self.log_bytes), ("vectorBytes", self.vector_bytes)]);
        if let Some(cause) = &self.checkpoint_error {
            object.text("checkpointError", cause);
        }
        object.end();
    }
}

impl ToJson for CollectionInfo {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.text("name", &self.name);
        object.count("dimension", self.dimension as u64);
        object.text("metric", self.metric);
        object.text("index", self.index);
        object.text("quantization", self.quantization);
        object.text("memory", self.memory);
        let HnswConfig { m, ef_construction, ef, seed } = self.hnsw;
        counts(
            object.field("hnsw"),
            &[
                ("m", m.into()),
                ("efConstruction", ef_construction.into()),
                ("ef", ef.into()),
                ("seed", seed.into()),
            ],
        );
        if let Some(oversample) = self.oversample {
            object.count("oversample", oversample.into());
        }
        if let Some(model) = &self.model {
            let mut inner = Object::new(object.field("model"));
            inner.text("id", &model.id);
            inner.text("version", &model.version);
            inner.end();
        }
        object.count("rows", self.rows as u64);
        let IndexState { kind, nodes, pending, dead, bytes } = self.index_state;
        let mut inner = Object::new(object.field("indexState"));
        inner.text("kind", kind);
        inner.counts(&[("nodes", nodes), ("pending", pending), ("dead", dead), ("bytes", bytes)]);
        inner.end();
        object.end();
    }
}

impl ToJson for KeptSnapshot {
    fn to_json(&self, out: &mut String) {
        counts(
            out,
            &[
                ("generation", self.generation),
                ("seq", self.seq),
                ("timeMs", self.time_ms),
                ("bytes", self.bytes),
            ],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::stats::{Bytes, ModelInfo};
    use super::*;
    use crate::json::text;

    #[test]
    fn names_are_those_of_the_api() {
        assert_eq!(text(&Written { count: 2, seq: 3 }), r#"{"count":2,"seq":3}"#);
        assert_eq!(
            text(&CheckpointResult {
                generation: 1,
                seq: 2,
                blocks_written: 3,
                blocks_reused: 4,
                bytes_written: 5
            }),
            r#"{"generation":1,"seq":2,"blocksWritten":3,"blocksReused":4,"bytesWritten":5}"#
        );
        assert_eq!(
            text(&ImportResult { collections: 1, rows: 2, bytes: 3 }),
            r#"{"collections":1,"rows":2,"bytes":3}"#
        );
        let mut report =
            OpenReport { frames_replayed: 1, bytes_dropped: 2, rows: 3, ..OpenReport::default() };
        assert_eq!(
            text(&report),
            r#"{"snapshot":null,"snapshotsSkipped":[],"framesReplayed":1,"bytesDropped":2,"rows":3,"rowsQuarantined":0,"nodesRebuilt":0,"graphs":[],"codesRebuilt":[],"vectorsInMemory":[],"phases":[]}"#
        );
        report.snapshot = Some(4);
        report.snapshots_skipped.push(SkippedSnapshot { generation: 5, reason: "a \"b\"".to_owned() });
        report.phases.push(Phase { name: "list", ms: 0.25 });
        report.vectors_in_memory = vec!["a".to_owned(), "\"b".to_owned()];
        let json = text(&report);
        assert!(
            json.starts_with(r#"{"snapshot":4,"snapshotsSkipped":[{"generation":5,"reason":"a \"b\""}],"#)
        );
        assert!(
            json.ends_with(
                r#""codesRebuilt":[],"vectorsInMemory":["a","\"b"],"phases":[{"name":"list","ms":0.25}]}"#
            ),
            "{json}"
        );
        let collection = CollectionInfo {
            name: "c".to_owned(),
            dimension: 3,
            metric: "dot",
            index: "auto",
            quantization: "none",
            memory: "full",
            hnsw: HnswConfig::DEFAULT,
            oversample: Some(4),
            model: Some(ModelInfo { id: "m".to_owned(), version: "1".to_owned() }),
            rows: 7,
            index_state: IndexState { kind: "hnsw", nodes: 6, pending: 2, dead: 1, bytes: 99 },
        };
        let stats = Stats {
            seq: 9,
            collections: vec![collection],
            bytes: Bytes { log: 1, blocks: 2, snapshots: 3, upkeep: 0, other: 4, total: 10 },
            snapshots: vec![KeptSnapshot { generation: 1, seq: 2, time_ms: 3, bytes: 4 }],
            log_bytes: 5,
            vector_bytes: 6,
            checkpoint_error: Some("full".to_owned()),
        };
        assert_eq!(
            text(&stats),
            concat!(
                r#"{"seq":9,"collections":[{"name":"c","dimension":3,"metric":"dot","index":"auto","#,
                r#""quantization":"none","memory":"full","#,
                r#""hnsw":{"m":16,"efConstruction":200,"ef":64,"seed":1},"oversample":4,"#,
                r#""model":{"id":"m","version":"1"},"rows":7,"#,
                r#""indexState":{"kind":"hnsw","nodes":6,"pending":2,"dead":1,"bytes":99}}],"#,
                r#""bytes":{"log":1,"blocks":2,"snapshots":3,"upkeep":0,"other":4,"total":10},"#,
                r#""snapshots":[{"generation":1,"seq":2,"timeMs":3,"bytes":4}],"logBytes":5,"vectorBytes":6,"checkpointError":"full"}"#
            )
        );
    }
}
