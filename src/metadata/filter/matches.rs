//! The slow, obvious evaluation of a filter on one row. It decides what is right; the index only has to be
//! as right and faster.

use super::{Bound, Filter, Node, Order, Scalar, Test};
use crate::metadata::path::any_at;
use crate::metadata::substring::contains;
use crate::metadata::value::Value;

impl Filter {
    /// Whether the row with this metadata matches.
    pub fn matches(&self, metadata: &Value) -> bool {
        self.root.holds(metadata)
    }
}

impl Node {
    fn holds(&self, root: &Value) -> bool {
        match self {
            Node::And(nodes) => nodes.iter().all(|node| node.holds(root)),
            Node::Or(nodes) => nodes.iter().any(|node| node.holds(root)),
            Node::Not(node) => !node.holds(root),
            Node::Field(path, test) => any_at(root, path, &mut |value| test.passes(value)),
        }
    }
}

impl Test {
    fn passes(&self, value: &Value) -> bool {
        match self {
            Test::Exists => true,
            Test::Contains(operand) => match value {
                Value::Str(text) => matches!(operand, Scalar::Str(part) if contains(text, part)),
                Value::Arr(items) => items.iter().any(|item| operand.equals(item)),
                _ => false,
            },
            Test::Eq(operand) => self_or_element(value, |one| operand.equals(one)),
            Test::In(operands) => {
                self_or_element(value, |one| operands.iter().any(|operand| operand.equals(one)))
            }
            Test::Compare(order, bound) => self_or_element(value, |one| bound.stands(*order, one)),
            Test::StartsWith(prefix) => {
                self_or_element(value, |one| matches!(one, Value::Str(text) if text.starts_with(&**prefix)))
            }
        }
    }
}

fn self_or_element(value: &Value, test: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Arr(items) => items.iter().any(test),
        other => test(other),
    }
}

impl Scalar {
    fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Scalar::Null, Value::Null) => true,
            (Scalar::Bool(a), Value::Bool(b)) => a == b,
            (Scalar::Num(a), Value::Num(b)) => a == b,
            (Scalar::Str(a), Value::Str(b)) => a == b,
            _ => false,
        }
    }
}

impl Bound {
    fn stands(&self, order: Order, value: &Value) -> bool {
        match (value, self) {
            (Value::Num(a), Bound::Num(b)) => order.holds(a, b),
            // UTF-8 sorts by code points.
            (Value::Str(a), Bound::Str(b)) => order.holds(&**a, &**b),
            _ => false,
        }
    }
}

impl Order {
    fn holds<T: PartialOrd + ?Sized>(self, value: &T, bound: &T) -> bool {
        match self {
            Order::Gt => value > bound,
            Order::Gte => value >= bound,
            Order::Lt => value < bound,
            Order::Lte => value <= bound,
        }
    }
}
