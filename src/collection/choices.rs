//! The words of a configuration: index, quantization, memory.

use crate::error::{Error, Result};

/// Which index answers queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// The store chooses between the other two by what they cost.
    Auto,
    /// A scan over every row.
    Flat,
    /// A graph of neighbours.
    Hnsw,
}

impl IndexKind {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            IndexKind::Auto => "auto",
            IndexKind::Flat => "flat",
            IndexKind::Hnsw => "hnsw",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Result<IndexKind> {
        match name {
            "auto" => Ok(IndexKind::Auto),
            "flat" => Ok(IndexKind::Flat),
            "hnsw" => Ok(IndexKind::Hnsw),
            _ => Err(Error::invalid("this version has no such index").with("auto, flat or hnsw", name)),
        }
    }
}

/// How vectors are coded beside the floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantization {
    /// Floats only.
    None,
    /// A byte for each number.
    Int8,
    /// A bit for each number: its sign.
    Binary,
}

impl Quantization {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Quantization::None => "none",
            Quantization::Int8 => "int8",
            Quantization::Binary => "binary",
        }
    }

    /// The quantization with this name.
    pub fn from_name(name: &str) -> Result<Quantization> {
        match name {
            "none" => Ok(Quantization::None),
            "int8" => Ok(Quantization::Int8),
            "binary" => Ok(Quantization::Binary),
            _ => {
                Err(Error::invalid("this version has no such quantization")
                    .with("none, int8 or binary", name))
            }
        }
    }

    /// What a new collection gets that names none: a flat one stays exact, a graph runs on codes.
    pub fn default_of(index: IndexKind) -> Quantization {
        match index {
            IndexKind::Flat => Quantization::None,
            IndexKind::Auto | IndexKind::Hnsw => Quantization::Int8,
        }
    }
}

/// What of a vector is held in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The floats, and the codes if there are any.
    Full,
    /// The codes; floats are read from storage when they are needed.
    Codes,
}

impl Memory {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Memory::Full => "full",
            Memory::Codes => "codes",
        }
    }

    /// The mode with this name.
    pub fn from_name(name: &str) -> Result<Memory> {
        match name {
            "full" => Ok(Memory::Full),
            "codes" => Ok(Memory::Codes),
            _ => Err(Error::invalid("this version has no such memory mode").with("full or codes", name)),
        }
    }
}
