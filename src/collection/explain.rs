//! What a query found, and how.

use crate::index::Scored;
use crate::json::{Object, ToJson};

/// How a query was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Every row that may match was compared as floats.
    Exact,
    /// Every row that may match was compared by its codes, the best of them as floats.
    Codes,
    /// The graph was searched.
    Graph,
    /// The graph was searched for rows that match the filter.
    FilteredGraph,
}

impl Plan {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Plan::Exact => "exact",
            Plan::Codes => "codes",
            Plan::Graph => "graph",
            Plan::FilteredGraph => "filtered-graph",
        }
    }
}

/// What was done for a query, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explain {
    /// How it was answered.
    pub plan: Plan,
    /// Why so, for a person.
    pub reason: &'static str,
    /// Rows in the collection.
    pub rows: u64,
    /// Rows that match the filter; `None` without one.
    pub matches: Option<u64>,
    /// Codes or vectors that were compared in the scan or the graph.
    pub compared: u64,
    /// Full vectors that were read to compare the best of them again.
    pub rescored: u64,
    /// Candidates that the graph was searched for; `None` where it was not.
    pub ef: Option<u32>,
    /// Rows that are not in the graph yet and were scanned beside it.
    pub pending: u64,
}

/// What a query found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Best first; ties in the order of slots.
    pub hits: Vec<Scored>,
    /// How they were found.
    pub explain: Explain,
}

impl ToJson for Explain {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.text("plan", self.plan.name());
        object.text("reason", self.reason);
        object.count("rows", self.rows);
        if let Some(matches) = self.matches {
            object.count("matches", matches);
        }
        object.counts(&[("compared", self.compared), ("rescored", self.rescored)]);
        if let Some(ef) = self.ef {
            object.count("ef", ef.into());
        }
        object.count("pending", self.pending);
        object.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::text;

    #[test]
    fn names_are_those_of_the_api() {
        let mut explain = Explain {
            plan: Plan::Exact,
            reason: "because",
            rows: 1,
            matches: None,
            compared: 2,
            rescored: 3,
            ef: None,
            pending: 4,
        };
        assert_eq!(
            text(&explain),
            r#"{"plan":"exact","reason":"because","rows":1,"compared":2,"rescored":3,"pending":4}"#
        );
        explain = Explain { plan: Plan::FilteredGraph, matches: Some(5), ef: Some(6), ..explain };
        assert_eq!(
            text(&explain),
            concat!(
                r#"{"plan":"filtered-graph","reason":"because","rows":1,"matches":5,"#,
                r#""compared":2,"rescored":3,"ef":6,"pending":4}"#
            )
        );
        let names = [Plan::Exact, Plan::Codes, Plan::Graph, Plan::FilteredGraph].map(Plan::name);
        assert_eq!(names, ["exact", "codes", "graph", "filtered-graph"]);
    }
}
