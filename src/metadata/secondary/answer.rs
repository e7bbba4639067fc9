//! Filters answered from the index. Each condition gives two sets, the slots that surely match and the slots
//! that may; the rows of the second are decoded only at the very end, once each, and only if still in doubt.

use roaring::RoaringBitmap;

use super::index::{PathIndex, SecondaryIndex};
use super::postings::Union;
use crate::metadata::filter::{Filter, Node, Scalar, Test};
use crate::metadata::value::Value;

/// What the index alone can say about a filter. The two sets are disjoint, and every other slot surely does
/// not match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// Slots that match.
    pub sure: RoaringBitmap,
    /// Slots that have to be decoded to know.
    pub maybe: RoaringBitmap,
}

impl SecondaryIndex {
    /// Exactly the slots of `live` that match. `fetch` decodes a row's metadata and is called only for rows
    /// that the index cannot decide; a row it cannot give does not match.
    pub fn evaluate(
        &self,
        filter: &Filter,
        live: &RoaringBitmap,
        fetch: &dyn Fn(u32) -> Option<Value>,
    ) -> RoaringBitmap {
        let Candidates { mut sure, maybe } = self.candidates(filter, live);
        for slot in maybe {
            if fetch(slot).is_some_and(|metadata| filter.matches(&metadata)) {
                sure.insert(slot);
            }
        }
        sure
    }

    /// What the index alone can say, without decoding anything: for planning.
    pub fn candidates(&self, filter: &Filter, live: &RoaringBitmap) -> Candidates {
        let Candidates { mut sure, mut maybe } = self.node(&filter.root, live);
        sure &= live;
        maybe &= live;
        Candidates { sure, maybe }
    }

    fn node(&self, node: &Node, live: &RoaringBitmap) -> Candidates {
        match node {
            Node::And(nodes) => {
                let mut nodes = nodes.iter();
                let Some(first) = nodes.next() else {
                    return Candidates { sure: live.clone(), maybe: RoaringBitmap::new() };
                };
                let mut all = self.node(first, live);
                for node in nodes {
                    if all.is_empty() {
                        break;
                    }
                    all.and(self.node(node, live));
                }
                all
            }
            Node::Or(nodes) => {
                let mut any = Candidates::default();
                nodes.iter().for_each(|node| any.or(self.node(node, live)));
                any
            }
            Node::Not(node) => {
                let inside = self.node(node, live);
                Candidates { sure: live - inside.sure - &inside.maybe, maybe: inside.maybe & live }
            }
            Node::Field(path, test) => match self.paths.get(&**path) {
                Some(index) => index.answer(test),
                // Tests are positive, so only a row with the path can pass.
                None => Candidates { sure: RoaringBitmap::new(), maybe: self.left_out.clone() },
            },
        }
    }
}

impl PathIndex {
    fn answer(&self, test: &Test) -> Candidates {
        let (mut sure, mut maybe) = (Union::default(), Union::default());
        let both = [&self.direct, &self.elements];
        match test {
            Test::Exists => sure.add_bitmap(&self.exists),
            Test::Eq(scalar) => both.iter().for_each(|terms| terms.equal(scalar, &mut sure, &mut maybe)),
            Test::In(scalars) => {
                for scalar in scalars {
                    both.iter().for_each(|terms| terms.equal(scalar, &mut sure, &mut maybe));
                }
            }
            Test::Compare(order, bound) => {
                both.iter().for_each(|terms| terms.compare(*order, bound, &mut sure, &mut maybe));
            }
            Test::StartsWith(prefix) => {
                both.iter().for_each(|terms| terms.starts_with(prefix, &mut sure, &mut maybe));
            }
            Test::Contains(scalar) => {
                self.elements.equal(scalar, &mut sure, &mut maybe);
                if let Scalar::Str(part) = scalar {
                    self.direct.substring(part, &mut sure, &mut maybe);
                }
            }
        }
        Candidates::of(sure.finish(), maybe.finish())
    }
}

impl Candidates {
    fn of(sure: RoaringBitmap, mut maybe: RoaringBitmap) -> Candidates {
        maybe -= &sure;
        Candidates { sure, maybe }
    }

    fn is_empty(&self) -> bool {
        self.sure.is_empty() && self.maybe.is_empty()
    }

    fn and(&mut self, other: Candidates) {
        if self.maybe.is_empty() && other.maybe.is_empty() {
            self.sure &= other.sure;
            return;
        }
        let sure = &self.sure & &other.sure;
        let possible = (&self.sure | &self.maybe) & (other.sure | other.maybe);
        *self = Candidates::of(sure, possible);
    }

    fn or(&mut self, other: Candidates) {
        self.sure |= other.sure;
        self.maybe |= other.maybe;
        self.maybe -= &self.sure;
    }
}
