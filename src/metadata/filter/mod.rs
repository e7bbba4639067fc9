//! The filter language. This text is normative; `matches` is written to be compared with it by eye, and the
//! secondary index is tested against `matches`.
//!
//! A filter is a JSON object. Each key is a dotted path or one of `$and`, `$or`, `$not`; all must hold; `{}`
//! matches every row.
//!
//! | key | value | holds when |
//! |---|---|---|
//! | `$and` | array of filters, not empty | every one holds |
//! | `$or` | array of filters, not empty | some one holds |
//! | `$not` | filter | it does not hold |
//! | path | scalar | as `{ "$eq": scalar }` |
//! | path | object of operators, not empty | every operator holds |
//!
//! | operator | operand | holds when some value `v` at the path |
//! |---|---|---|
//! | `$eq` | scalar | is the scalar, or is an array with it as an element |
//! | `$in` | array of scalars, maybe empty | is one of them, or is an array with one of them as an element |
//! | `$gt` `$gte` `$lt` `$lte` | number or string | or an element of it, is of the operand's type and compares so |
//! | `$startsWith` | string | or an element of it, is a string that starts with the operand |
//! | `$contains` | scalar | is a string with the operand, a string, in it; or is an array with the operand as an element |
//! | `$exists` | `true` | exists: any value, also `null`, `[]` and `{}` |
//! | `$exists` | `false` | complement of `$exists: true` |
//! | `$ne` | scalar | complement of `$eq` |
//! | `$nin` | array of scalars | complement of `$in` |
//! | `$not` | object of operators, not empty | complement of "every operator holds" |
//!
//! - A scalar is `null`, a boolean, a number or a string. Complements are exact over all rows: a row that lacks
//!   the field matches `$ne`, `$nin`, `$not` and `$exists: false`, and nothing else. `$eq: null` wants a `null`
//!   that is there.
//! - Types are never coerced: `1` equals neither `"1"` nor `true`. Numbers compare as doubles, strings by code
//!   points.
//! - Several operators on one field must each hold; over an array each may be met by another element.
//! - A path is keys joined by `.`. An array on the way stands for those of its elements that are objects. So
//!   several values can be at one path. An array directly inside an array is not looked into.
//! - A literal key with dots, `{"a.b":1}`, is reached by the same path as `{"a":{"b":1}}`. Top-level keys that
//!   start with `$` cannot be asked for.
//! - `$contains` with a string wants a substring of a string, but an equal element of an array.
//!
//! Everything else is refused with [`Kind::Invalid`](crate::Kind::Invalid).

mod matches;
mod parse;

use super::value::Value;

/// A parsed filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub(super) root: Node,
}

/// A condition. Complements are nodes of their own, so every [`Test`] is a positive one: a row without the
/// field never passes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// All hold; empty holds always.
    And(Vec<Node>),
    /// Some one holds.
    Or(Vec<Node>),
    /// The inside does not hold.
    Not(Box<Node>),
    /// Some value at the path passes.
    Field(Box<str>, Test),
}

/// What a value at a path is asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Eq(Scalar),
    In(Vec<Scalar>),
    Compare(Order, Bound),
    StartsWith(Box<str>),
    Contains(Scalar),
    Exists,
}

/// A value that is neither array nor object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Num(f64),
    Str(Box<str>),
}

/// The operand of an order comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bound {
    Num(f64),
    Str(Box<str>),
}

/// How a value must stand to the operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Filter {
    /// The filter `{}`.
    pub fn all() -> Filter {
        Filter { root: Node::And(Vec::new()) }
    }

    /// Whether this is the filter `{}`, which a caller may leave out altogether.
    pub fn is_all(&self) -> bool {
        matches!(&self.root, Node::And(nodes) if nodes.is_empty())
    }
}

impl Scalar {
    /// The value as a scalar; `None` for arrays and objects.
    fn from_value(value: &Value) -> Option<Scalar> {
        Some(match value {
            Value::Null => Scalar::Null,
            Value::Bool(value) => Scalar::Bool(*value),
            Value::Num(value) => Scalar::Num(*value),
            Value::Str(text) => Scalar::Str(text.clone()),
            Value::Arr(_) | Value::Obj(_) => return None,
        })
    }
}
