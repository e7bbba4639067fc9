//! The crate instant-distance behind plain functions: rows are written into its memory, built, and searched.
//!
//! What can go wrong here is a mistake in the benchmark, so it panics, which traps.

use std::cell::{Cell, RefCell};

use instant_distance::{Builder, Hnsw, Point, PointId, Search};
use serde::{Deserialize, Serialize};

mod dot;

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::default());
    /// Where the rows are, for a [`Row`] knows only its number.
    static ROWS: Cell<(*const f32, usize)> = const { Cell::new((std::ptr::null(), 0)) };
}

getrandom::register_custom_getrandom!(no_chance);

/// The crate asks for a seed of chance even where one is given to it.
fn no_chance(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    bytes.fill(1);
    Ok(())
}

#[derive(Default)]
struct Bench {
    /// The rows, and after them the one that is asked for.
    vectors: Vec<f32>,
    dimension: usize,
    count: usize,
    graph: Option<Hnsw<Row>>,
    /// Row of each point of the graph.
    rows: Vec<u32>,
    search: Search,
    found: Vec<u32>,
    saved: Vec<u8>,
}

/// A vector by its number, so that the graph keeps no copies of vectors.
#[derive(Clone, Serialize, Deserialize)]
struct Row(u32);

impl Point for Row {
    fn distance(&self, other: &Self) -> f32 {
        let (start, dimension) = ROWS.get();
        // SAFETY: `room` made this memory for every row and the query, and nothing moves it.
        let vector =
            |row: u32| unsafe { std::slice::from_raw_parts(start.add(row as usize * dimension), dimension) };
        1.0 - dot::dot(vector(self.0), vector(other.0))
    }
}

/// Makes room for `count` rows of `dimension` floats of length one, and returns where they are to be written.
#[unsafe(no_mangle)]
pub extern "C" fn room(count: usize, dimension: usize) -> *mut f32 {
    BENCH.with_borrow_mut(|bench| {
        *bench = Bench { vectors: vec![0.0; (count + 1) * dimension], dimension, count, ..Bench::default() };
        ROWS.set((bench.vectors.as_ptr(), dimension));
        bench.vectors.as_mut_ptr()
    })
}

/// Where the query is to be written.
#[unsafe(no_mangle)]
pub extern "C" fn query() -> *mut f32 {
    BENCH.with_borrow_mut(|bench| bench.vectors[bench.count * bench.dimension..].as_mut_ptr())
}

/// Builds the graph of the rows.
#[unsafe(no_mangle)]
pub extern "C" fn build(ef_construction: usize) {
    BENCH.with_borrow_mut(|bench| {
        let points = (0..bench.count as u32).map(Row).collect();
        let (graph, _) = Builder::default().ef_construction(ef_construction).seed(1).build_hnsw(points);
        bench.rows = graph.iter().map(|(_, row)| row.0).collect();
        bench.graph = Some(graph);
    });
}

/// Sets how broadly to search. The crate fixes that when it builds, so the graph is written out and read again.
#[unsafe(no_mangle)]
pub extern "C" fn tune(ef: usize) {
    save();
    BENCH.with_borrow_mut(|bench| {
        // The first field that is written.
        bench.saved[..8].copy_from_slice(&(ef as u64).to_le_bytes());
    });
    load();
}

/// Writes the graph out and returns its bytes; the rows are where they are.
#[unsafe(no_mangle)]
pub extern "C" fn save() -> usize {
    BENCH.with_borrow_mut(|bench| {
        bench.saved = bincode::serialize(&bench.graph.take().expect("built")).expect("plain data");
        bench.graph = Some(bincode::deserialize(&bench.saved).expect("just written"));
        bench.saved.len()
    })
}

/// Reads the graph that [`save`] wrote.
#[unsafe(no_mangle)]
pub extern "C" fn load() {
    BENCH.with_borrow_mut(|bench| {
        bench.graph = None;
        bench.graph = Some(bincode::deserialize(&bench.saved).expect("written by save"));
        bench.saved = Vec::new();
    });
}

/// Searches for the rows nearest to the query and returns how many there are, at most `k`.
#[unsafe(no_mangle)]
pub extern "C" fn search(k: usize) -> usize {
    BENCH.with_borrow_mut(|Bench { graph, rows, search, found, count, .. }| {
        let graph = graph.as_ref().expect("built");
        let asked = Row(*count as u32);
        let near = graph.search(&asked, search).take(k);
        found.clear();
        found.extend(near.map(|item| row_of(rows, item.pid)));
        found.len()
    })
}

fn row_of(rows: &[u32], point: PointId) -> u32 {
    rows[point.into_inner() as usize]
}

/// Where the numbers of the rows found are.
#[unsafe(no_mangle)]
pub extern "C" fn found() -> *const u32 {
    BENCH.with_borrow(|bench| bench.found.as_ptr())
}
