//! The obvious model of a database: a map of maps.

use lodestore::collection::Config;
use lodestore::index::Metric;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Metadata that a run writes: its text follows from it, merged or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    pub n: Option<u8>,
    pub s: Option<u8>,
    pub u: Option<u8>,
}

impl Meta {
    pub fn text(&self) -> String {
        let mut text = String::from("{");
        for (key, value) in [("n", self.n), ("s", self.s), ("u", self.u)] {
            let Some(value) = value else { continue };
            if text.len() > 1 {
                text.push(',');
            }
            match key {
                "s" => text.push_str(&format!("\"s\":\"s{value}\"")),
                _ => text.push_str(&format!("\"{key}\":{value}")),
            }
        }
        text + "}"
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ModelRow {
    pub vector: Vec<f32>,
    pub metadata: String,
    pub meta: Meta,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ModelCollection {
    pub config: Config,
    pub rows: BTreeMap<Rc<str>, Rc<ModelRow>>,
}

/// Collections by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model(pub BTreeMap<&'static str, Rc<ModelCollection>>);

/// Which rows.
#[derive(Clone, Debug)]
pub enum Which {
    Ids(Vec<Rc<str>>),
    Equal(u8),
    AtLeast(u8),
}

impl Which {
    pub fn has(&self, id: &str, meta: &Meta) -> bool {
        match self {
            Which::Ids(ids) => ids.iter().any(|one| &**one == id),
            Which::Equal(n) => meta.n == Some(*n),
            Which::AtLeast(n) => meta.n.is_some_and(|one| one >= *n),
        }
    }

    /// As a filter; `None` for ids.
    pub fn filter(&self) -> Option<String> {
        match self {
            Which::Ids(_) => None,
            Which::Equal(n) => Some(format!("{{\"n\":{n}}}")),
            Which::AtLeast(n) => Some(format!("{{\"n\":{{\"$gte\":{n}}}}}")),
        }
    }
}

/// What is asked of the database, as far as it changes what is stored.
#[derive(Clone, Debug)]
pub enum Op {
    Create(&'static str, Config),
    Drop(&'static str),
    Upsert(&'static str, Vec<(Rc<str>, Vec<f32>, Meta)>),
    Update(&'static str, Which, Meta, bool),
    Delete(&'static str, Which),
    Configure(&'static str, Config),
    Rebuild(&'static str, Config),
    Import(Model),
    /// As an import, but it takes its place among what else is asked for only when it is done.
    Switch(Model),
}

/// The vector that a rebuild gives a row.
pub fn rebuilt(id: &str, dimension: usize) -> Vec<f32> {
    let mut hash = 0x811C_9DC5u32;
    let mut component = |n: u8| {
        for byte in id.bytes().chain([n]) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        (hash >> 8) as f32 / 16_777_216.0 + 0.01
    };
    (0..dimension).map(|n| component(n as u8)).collect()
}

impl Model {
    /// Does it. How many rows it is about; `None` where the database has to refuse it, and nothing changes.
    pub fn apply(&mut self, op: &Op) -> Option<u64> {
        match op {
            Op::Create(name, config) => match self.0.get(name) {
                Some(stored) => (stored.config == *config).then_some(0),
                None => {
                    let made = ModelCollection { config: config.clone(), rows: BTreeMap::new() };
                    self.0.insert(name, Rc::new(made));
                    Some(0)
                }
            },
            Op::Drop(name) => self.0.remove(name).map(|gone| gone.rows.len() as u64),
            Op::Import(archive) | Op::Switch(archive) => {
                *self = archive.clone();
                Some(self.0.values().map(|one| one.rows.len() as u64).sum())
            }
            Op::Upsert(name, rows) => {
                let stored = self.0.get_mut(name)?;
                if rows.iter().any(|(_, vector, _)| vector.len() != stored.config.dimension) {
                    return None;
                }
                let stored = Rc::make_mut(stored);
                for (id, vector, meta) in rows {
                    let row = ModelRow { vector: vector.clone(), metadata: meta.text(), meta: *meta };
                    stored.rows.insert(id.clone(), Rc::new(row));
                }
                Some(rows.len() as u64)
            }
            Op::Update(name, which, patch, replace) => {
                let stored = Rc::make_mut(self.0.get_mut(name)?);
                let mut count = 0;
                for (id, row) in &mut stored.rows {
                    if which.has(id, &row.meta) {
                        let old = if *replace { Meta::default() } else { row.meta };
                        let meta = Meta { n: patch.n.or(old.n), s: patch.s.or(old.s), u: patch.u.or(old.u) };
                        let metadata = merged(&row.metadata, patch, *replace);
                        *row = Rc::new(ModelRow { vector: row.vector.clone(), metadata, meta });
                        count += 1;
                    }
                }
                Some(count)
            }
            Op::Delete(name, which) => {
                let stored = Rc::make_mut(self.0.get_mut(name)?);
                let before = stored.rows.len();
                stored.rows.retain(|id, row| !which.has(id, &row.meta));
                Some((before - stored.rows.len()) as u64)
            }
            Op::Configure(name, config) => {
                let stored = Rc::make_mut(self.0.get_mut(name)?);
                if stored.config.dimension != config.dimension || stored.config.model != config.model {
                    return None;
                }
                let count = if stored.config == *config { 0 } else { stored.rows.len() as u64 };
                stored.config = config.clone();
                Some(count)
            }
            Op::Rebuild(name, config) => {
                let stored = Rc::make_mut(self.0.get_mut(name)?);
                stored.config = config.clone();
                for (id, row) in &mut stored.rows {
                    let vector = rebuilt(id, config.dimension);
                    *row = Rc::new(ModelRow { vector, metadata: row.metadata.clone(), meta: row.meta });
                }
                Some(stored.rows.len() as u64)
            }
        }
    }
}

/// Keys keep their places, new ones come last.
fn merged(text: &str, patch: &Meta, replace: bool) -> String {
    if replace {
        return patch.text();
    }
    let inside = |text: &str| text[1..text.len() - 1].to_owned();
    let mut fields: Vec<String> =
        inside(text).split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect();
    for new in inside(&patch.text()).split(',').filter(|field| !field.is_empty()) {
        match fields.iter_mut().find(|field| field[..4] == new[..4]) {
            Some(field) => *field = new.to_owned(),
            None => fields.push(new.to_owned()),
        }
    }
    format!("{{{}}}", fields.join(","))
}

/// What a score has to be, by the definition and in f64.
pub fn score(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    match metric {
        Metric::Dot => dot(a, b),
        Metric::Cosine => dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
        Metric::Euclidean => {
            let squared: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
            -squared.sqrt()
        }
    }
}
