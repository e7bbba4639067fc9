//! What a frame carries: one committed write.
//!
//! Postcard has no field names, so a moved field would be silent damage: the `V1` types are frozen. A change of
//! format adds `V2` types beside them.

use super::bytes::{decode_exactly, encode};
use super::frame::END_MARK;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// A collection's configuration, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RecordV1<'a> {
    /// A new, empty collection. `stages` names the collection that it is being built to replace.
    Create {
        /// Its number.
        collection: u32,
        /// Its name.
        #[serde(borrow)]
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
        #[serde(borrow, with = "serde_bytes")]
        vectors: &'a [u8],
        /// One id a row.
        #[serde(borrow)]
        ids: Vec<&'a str>,
        /// One JSON object a row.
        #[serde(borrow)]
        metadata: Vec<&'a str>,
    },
    /// Metadata of existing rows replaced; vectors stay.
    SetMetadata {
        /// The collection.
        collection: u32,
        /// One id a row.
        #[serde(borrow)]
        ids: Vec<&'a str>,
        /// One JSON object a row.
        #[serde(borrow)]
        metadata: Vec<&'a str>,
    },
    /// Existing rows deleted.
    Delete {
        /// The collection.
        collection: u32,
        /// One id a row.
        #[serde(borrow)]
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

impl<'a> RecordV1<'a> {
    /// Appends the payload to `out`, without the end mark, which the frame adds.
    pub fn encode(&self, out: Vec<u8>) -> Result<Vec<u8>> {
        encode(self, out)
    }

    /// Reads the payload of a frame that verified; `None` when it is not a record.
    pub fn decode(payload: &'a [u8]) -> Option<RecordV1<'a>> {
        let (mark, record) = payload.split_last()?;
        if *mark == END_MARK { decode_exactly(record) } else { None }
    }
}
