//! What answering a query costs, in nanoseconds on the machine it was measured on (`ARCHITECTURE.md`, "Planner").
//! Only the proportions matter: they follow from how many bytes are read, and whether one after another.

/// What one comparison costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Of a row that follows the one before it in memory.
    pub in_order: f64,
    /// Of a row somewhere.
    pub anywhere: f64,
}

impl Compared {
    /// Vectors of f32.
    pub fn floats(dimension: usize) -> Compared {
        let components = dimension as f64;
        Compared { in_order: 2.0 + 0.21 * components, anywhere: 60.0 + 0.33 * components }
    }

    /// Vectors of f32 in storage: a call into the host for each row, or for a row group, and a copy.
    pub fn stored(dimension: usize) -> Compared {
        let components = dimension as f64;
        Compared { in_order: 5.0 + 2.2 * components, anywhere: 3_000.0 + 2.2 * components }
    }

    /// Codes of one byte a component.
    pub fn bytes(dimension: usize) -> Compared {
        let components = dimension as f64;
        Compared { in_order: 4.0 + 0.034 * components, anywhere: 25.0 + 0.15 * components }
    }

    /// Codes of one bit a component.
    pub fn bits(dimension: usize) -> Compared {
        let components = dimension as f64;
        Compared { in_order: 2.0 + 0.01 * components, anywhere: 25.0 + 0.02 * components }
    }
}

/// Neighbours that a search in a graph looks at: on the way down through the upper layers, and about as many for each
/// candidate of the beam (measured: 530 at ef 24, 870 at 48, 1,080 at 64, 2,690 at 200, with m = 16). Where their signs
/// tell enough, two thirds are not compared, but the rest costs more than a comparison did: 0.10 ms at ef 64 over
/// 50,000 x 384, rescoring included, where this says 0.09.
pub fn comparisons(ef: usize, m: usize) -> f64 {
    200.0 + 0.85 * m as f64 * ef as f64
}

/// Scanning has to cost this many times what searching a graph would before `auto` builds one: until then a graph
/// would save less than anybody notices, and building it costs what thousands of queries do.
const AUTO_GAIN: f64 = 4.0;

/// Whether `auto` should have a graph over so many rows. One that is there stays until the gain is all but gone.
pub fn graph_pays(rows: usize, compared: Compared, ef: usize, m: usize, there: bool) -> bool {
    let gain = if there { 1.0 } else { AUTO_GAIN };
    rows as f64 * compared.in_order > gain * comparisons(ef, m) * compared.anywhere
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_builds_a_graph_where_a_scan_takes_long() {
        let pays = |rows, compared| graph_pays(rows, compared, 64, 16, false);
        assert!(!pays(15_000, Compared::bytes(384)) && pays(25_000, Compared::bytes(384)));
        assert!(!pays(5_000, Compared::floats(384)) && pays(20_000, Compared::floats(384)));
        assert!(!pays(20_000, Compared::bits(384)) && pays(60_000, Compared::bits(384)));
        assert!(graph_pays(7_000, Compared::bytes(384), 64, 16, true));
        assert!(!graph_pays(3_000, Compared::bytes(384), 64, 16, true));
    }
}
