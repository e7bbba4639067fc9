//! What a frame carries: one committed write.
//!
//! Postcard has no field names, so a moved field would be silent damage: the `V1` types are frozen. A change of
//! format adds `V2` types beside them.

use super::codec::{Wire, decode_exactly, encode, get_bytes, put_bytes, wire_struct};
use super::frame::END_MARK;

/// A collection's configuration, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigV1 {
    /// Numbers in each vector.
    pub dimension: u32,
    /// 0 cosine, 1 dot, 2 euclidean.
    pub metric: u8,
    /// 0 auto, 1 flat.
    pub index: u8,
    /// 0 none.
    pub quantization: u8,
    /// Model id and version.
    pub model: Option<(String, String)>,
}

/// One committed write. Collections are named by their number, which is never reused.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordV1<'a> {
    /// A new, empty collection. `stages` names the collection that it is being built to replace.
    Create {
        /// Its number.
        collection: u32,
        /// Its name.
        name: &'a str,
        /// Its configuration.
        config: ConfigV1,
        /// The collection that it stands in for once it is complete.
        stages: Option<u32>,
    },
    /// The collection and its rows are gone.
    Drop {
        /// Its number.
        collection: u32,
    },
    /// Rows replaced or added, whole.
    Upsert {
        /// The collection.
        collection: u32,
        /// Little-endian f32, row after row.
        vectors: &'a [u8],
        /// One id a row.
        ids: Vec<&'a str>,
        /// One JSON object a row.
        metadata: Vec<&'a str>,
    },
    /// Metadata of existing rows replaced; vectors stay.
    SetMetadata {
        /// The collection.
        collection: u32,
        /// One id a row.
        ids: Vec<&'a str>,
        /// One JSON object a row.
        metadata: Vec<&'a str>,
    },
    /// Existing rows deleted.
    Delete {
        /// The collection.
        collection: u32,
        /// One id a row.
        ids: Vec<&'a str>,
    },
    /// Metric, index or quantization changed in place.
    Configure {
        /// The collection.
        collection: u32,
        /// Its configuration from here on.
        config: ConfigV1,
    },
    /// A staged collection takes the place and the name of the one it stages; the old rows are gone.
    Switch {
        /// The staged collection.
        staged: u32,
    },
}

wire_struct!(ConfigV1 { dimension, metric, index, quantization, model });

impl<'a> Wire<'a> for RecordV1<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        let mut head = |kind: u32, collection: &u32| {
            kind.put(out);
            collection.put(out);
        };
        match self {
            RecordV1::Create { collection, name, config, stages } => {
                head(0, collection);
                name.put(out);
                config.put(out);
                stages.put(out);
            }
            RecordV1::Drop { collection } => head(1, collection),
            RecordV1::Upsert { collection, vectors, ids, metadata } => {
                head(2, collection);
                put_bytes(vectors, out);
                ids.put(out);
                metadata.put(out);
            }
            RecordV1::SetMetadata { collection, ids, metadata } => {
                head(3, collection);
                ids.put(out);
                metadata.put(out);
            }
            RecordV1::Delete { collection, ids } => {
                head(4, collection);
                ids.put(out);
            }
            RecordV1::Configure { collection, config } => {
                head(5, collection);
                config.put(out);
            }
            RecordV1::Switch { staged } => head(6, staged),
        }
    }

    fn get(input: &mut &'a [u8]) -> Option<RecordV1<'a>> {
        let (kind, collection) = <(u32, u32)>::get(input)?;
        Some(match kind {
            0 => RecordV1::Create {
                collection,
                name: Wire::get(input)?,
                config: Wire::get(input)?,
                stages: Wire::get(input)?,
            },
            1 => RecordV1::Drop { collection },
            2 => RecordV1::Upsert {
                collection,
                vectors: get_bytes(input)?,
                ids: Wire::get(input)?,
                metadata: Wire::get(input)?,
            },
            3 => RecordV1::SetMetadata { collection, ids: Wire::get(input)?, metadata: Wire::get(input)? },
            4 => RecordV1::Delete { collection, ids: Wire::get(input)? },
            5 => RecordV1::Configure { collection, config: Wire::get(input)? },
            6 => RecordV1::Switch { staged: collection },
            _ => return None,
        })
    }
}

impl<'a> RecordV1<'a> {
    /// Appends the payload to `out`, without the end mark, which the frame adds.
    pub fn encode(&self, out: Vec<u8>) -> Vec<u8> {
        encode(self, out)
    }

    /// Reads the payload of a frame that verified; `None` when it is not a record.
    pub fn decode(payload: &'a [u8]) -> Option<RecordV1<'a>> {
        let (mark, record) = payload.split_last()?;
        if *mark == END_MARK { decode_exactly(record) } else { None }
    }
}
