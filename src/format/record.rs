//! What a frame carries: one committed write.
//!
//! Postcard has no field names, so a moved field would be silent damage: a variant is frozen once it was written.
//! A change of format adds variants behind them. Of two variants for one thing the newer is written, both are read.

use super::codec::{Wire, decode_exactly, get_bytes, put_bytes, wire_struct};
use super::config::{ConfigV1, ConfigV2};
use super::frame::END_MARK;

/// One committed write. Collections are named by their number, which is never reused.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordV2<'a> {
    /// A new, empty collection. `stages` names the collection that it is being built to replace.
    Create {
        /// Its number.
        collection: u32,
        /// Its name.
        name: &'a str,
        /// Its configuration.
        config: ConfigV2,
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
    /// Everything but the model and the dimension changed in place.
    Configure {
        /// The collection.
        collection: u32,
        /// Its configuration from here on.
        config: ConfigV2,
    },
    /// A staged collection takes the place and the name of the one it stages; the old rows are gone.
    Switch {
        /// The staged collection.
        staged: u32,
    },
}

impl<'a> Wire<'a> for RecordV2<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        let mut head = |kind: u32, collection: &u32| {
            kind.put(out);
            collection.put(out);
        };
        match self {
            RecordV2::Create { collection, name, config, stages } => {
                head(7, collection);
                name.put(out);
                config.put(out);
                stages.put(out);
            }
            RecordV2::Drop { collection } => head(1, collection),
            RecordV2::Upsert { collection, vectors, ids, metadata } => {
                head(2, collection);
                put_bytes(vectors, out);
                ids.put(out);
                metadata.put(out);
            }
            RecordV2::SetMetadata { collection, ids, metadata } => {
                head(3, collection);
                ids.put(out);
                metadata.put(out);
            }
            RecordV2::Delete { collection, ids } => {
                head(4, collection);
                ids.put(out);
            }
            RecordV2::Configure { collection, config } => {
                head(8, collection);
                config.put(out);
            }
            RecordV2::Switch { staged } => head(6, staged),
        }
    }

    fn get(input: &mut &'a [u8]) -> Option<RecordV2<'a>> {
        let (kind, collection) = <(u32, u32)>::get(input)?;
        Some(match kind {
            0 | 7 => RecordV2::Create {
                collection,
                name: Wire::get(input)?,
                config: config(kind == 0, input)?,
                stages: Wire::get(input)?,
            },
            1 => RecordV2::Drop { collection },
            2 => RecordV2::Upsert {
                collection,
                vectors: get_bytes(input)?,
                ids: Wire::get(input)?,
                metadata: Wire::get(input)?,
            },
            3 => RecordV2::SetMetadata { collection, ids: Wire::get(input)?, metadata: Wire::get(input)? },
            4 => RecordV2::Delete { collection, ids: Wire::get(input)? },
            5 | 8 => RecordV2::Configure { collection, config: config(kind == 5, input)? },
            6 => RecordV2::Switch { staged: collection },
            _ => return None,
        })
    }
}

/// A configuration of version 1 or 2.
fn config(is_v1: bool, input: &mut &[u8]) -> Option<ConfigV2> {
    if is_v1 { ConfigV1::get(input).map(ConfigV2::from) } else { ConfigV2::get(input) }
}

/// Stands where the number of a variant stands, before a request and then the record itself. Since version 3.
const REQUEST: u8 = 9;

/// Who asked for a write, by what name, and how many rows it touched: what to answer who asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestV3 {
    /// Who asked.
    pub client: u64,
    /// The name that this client gave the request.
    pub counter: u64,
    /// Rows written, changed or deleted.
    pub count: u64,
}

wire_struct!(RequestV3 { client, counter, count });

impl<'a> RecordV2<'a> {
    /// Appends the payload to `out`, without the end mark, which the frame adds.
    pub fn encode(&self, request: Option<RequestV3>, out: &mut Vec<u8>) {
        if let Some(request) = request {
            out.push(REQUEST);
            request.put(out);
        }
        self.put(out);
    }

    /// Reads the payload of a frame that verified; `None` when it is not a record.
    pub fn decode(payload: &'a [u8]) -> Option<(Option<RequestV3>, RecordV2<'a>)> {
        let (mark, mut record) = payload.split_last()?;
        let mut request = None;
        if let Some((&REQUEST, rest)) = record.split_first() {
            record = rest;
            request = Some(RequestV3::get(&mut record)?);
        }
        if *mark == END_MARK { Some((request, decode_exactly(record)?)) } else { None }
    }
}
