//! Filter text to conditions. Strict: what is not understood is refused, never skipped, because a condition
//! that silently does not apply returns rows that the caller meant to exclude.

use super::{Bound, Filter, Node, Order, Scalar, Test};
use crate::error::{Error, Result, listed};
use crate::json::quoted;
use crate::limits::FILTER_NODES_MAX;
use crate::metadata::value::{Value, clip, parse_json};

const AROUND: [&str; 3] = ["$and", "$not", "$or"];
const ON_FIELD: [&str; 12] = [
    "$contains",
    "$eq",
    "$exists",
    "$gt",
    "$gte",
    "$in",
    "$lt",
    "$lte",
    "$ne",
    "$nin",
    "$not",
    "$startsWith",
];

impl Filter {
    /// Parses a filter from JSON text. Nesting is bounded by [`DEPTH_MAX`](crate::limits::DEPTH_MAX), operators
    /// and values together by [`FILTER_NODES_MAX`].
    pub fn parse(text: &str) -> Result<Filter> {
        let value = parse_json(text, "the filter")?;
        let nodes = count(&value);
        if nodes > FILTER_NODES_MAX {
            return Err(Error::invalid("the filter is too large; split it into several queries")
                .with(format_args!("at most {FILTER_NODES_MAX} operators and values"), nodes));
        }
        Ok(Filter { root: filter(&value, "the filter")? })
    }
}

/// Operators and values, all levels together. What is empty counts too, or it could be repeated for ever.
fn count(value: &Value) -> usize {
    match value {
        Value::Arr(items) => items.iter().map(count).sum::<usize>().max(1),
        Value::Obj(fields) => {
            let one = |(key, value): &(Box<str>, Value)| usize::from(key.starts_with('$')) + count(value);
            fields.iter().map(one).sum::<usize>().max(1)
        }
        _ => 1,
    }
}

fn filter(value: &Value, at: &str) -> Result<Node> {
    let Value::Obj(fields) = value else {
        return Err(refuse(format!("{at} must be an object of conditions"), "an object", value));
    };
    let mut nodes = fields.iter().map(|(key, value)| condition(key, value)).collect::<Result<Vec<Node>>>()?;
    Ok(match (nodes.pop(), nodes.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            nodes.push(last);
            Node::And(nodes)
        }
        (None, _) => Node::And(nodes),
    })
}

fn condition(key: &str, value: &Value) -> Result<Node> {
    match key {
        "$and" => Ok(Node::And(filters(key, value)?)),
        "$or" => Ok(Node::Or(filters(key, value)?)),
        "$not" => Ok(Node::Not(Box::new(filter(value, "the operand of $not")?))),
        _ if ON_FIELD.contains(&key) => Err(Error::invalid(format!(
            "{key} needs a field to look at; write {{ \"path\": {{ \"{key}\": ... }} }}"
        ))
        .with(format_args!("a path, or one of {}", listed(&AROUND)), key)),
        _ if key.starts_with('$') => Err(unknown(key, "around conditions", &AROUND)),
        path => field(path, value),
    }
}

fn filters(key: &str, value: &Value) -> Result<Vec<Node>> {
    match value {
        Value::Arr(items) if !items.is_empty() => {
            let at = format!("each element of {key}");
            items.iter().map(|item| filter(item, &at)).collect()
        }
        other => Err(refuse(
            format!("{key} needs an array of filters"),
            "an array with at least one filter",
            other,
        )),
    }
}

fn field(path: &str, value: &Value) -> Result<Node> {
    match value {
        Value::Obj(fields) => operators(path, fields),
        Value::Arr(_) => Err(refuse(
            format!(
                "the field \"{}\" cannot equal an array; use $in for one of several values, or $contains",
                clip(path)
            ),
            "a scalar or an object of operators",
            value,
        )),
        scalar => Ok(Node::Field(path.into(), Test::Eq(operand("$eq", path, scalar)?))),
    }
}

fn operators(path: &str, fields: &[(Box<str>, Value)]) -> Result<Node> {
    let name = clip(path);
    if fields.is_empty() {
        return Err(Error::invalid(format!(
            "the field \"{name}\" has no operator; write $exists to ask whether it is there"
        ))
        .with("an object with at least one operator", "an empty object"));
    }
    if let Some((plain, _)) = fields.iter().find(|(key, _)| !key.starts_with('$')) {
        let plain = clip(plain);
        return Err(match fields.iter().find(|(key, _)| key.starts_with('$')) {
            None => Error::invalid(format!(
                "the field \"{name}\" cannot equal an object; use a dotted path, \"{name}.{plain}\", for what is inside"
            ))
            .with("operators that start with $", format_args!("the key {}", quoted(&plain))),
            Some((operator, _)) => Error::invalid(format!(
                "the field \"{name}\" mixes operators and plain keys; use a dotted path, \"{name}.{plain}\", for what is inside"
            ))
            .with("only operators or none", format_args!("{} and the key {}", clip(operator), quoted(&plain))),
        });
    }
    let mut nodes =
        fields.iter().map(|(key, value)| operator(path, key, value)).collect::<Result<Vec<Node>>>()?;
    Ok(match nodes.len() {
        1 => nodes.remove(0),
        _ => Node::And(nodes),
    })
}

fn operator(path: &str, key: &str, value: &Value) -> Result<Node> {
    let holds = |test: Test| Node::Field(path.into(), test);
    let lacks = |test: Test| Node::Not(Box::new(Node::Field(path.into(), test)));
    let order = |order: Order| Ok(holds(Test::Compare(order, bound(key, path, value)?)));
    match key {
        "$eq" => Ok(holds(Test::Eq(operand(key, path, value)?))),
        "$ne" => Ok(lacks(Test::Eq(operand(key, path, value)?))),
        "$in" => Ok(holds(Test::In(operands(key, path, value)?))),
        "$nin" => Ok(lacks(Test::In(operands(key, path, value)?))),
        "$gt" => order(Order::Gt),
        "$gte" => order(Order::Gte),
        "$lt" => order(Order::Lt),
        "$lte" => order(Order::Lte),
        "$contains" => Ok(holds(Test::Contains(operand(key, path, value)?))),
        "$startsWith" => match value {
            Value::Str(prefix) => Ok(holds(Test::StartsWith(prefix.clone()))),
            other => Err(wrong(key, path, "a string", other.describe())),
        },
        "$exists" => match value {
            Value::Bool(true) => Ok(holds(Test::Exists)),
            Value::Bool(false) => Ok(lacks(Test::Exists)),
            other => Err(wrong(key, path, "true or false", other.describe())),
        },
        "$not" => match value {
            Value::Obj(fields) => Ok(Node::Not(Box::new(operators(path, fields)?))),
            other => Err(wrong(key, path, "an object of operators", other.describe())),
        },
        "$and" | "$or" => Err(Error::invalid(format!(
            "{key} stands around whole conditions; write {{ \"{key}\": [{{ \"{}\": ... }}, ...] }}",
            clip(path)
        ))
        .with(format_args!("one of {}", listed(&ON_FIELD)), key)),
        _ => Err(unknown(key, &format!("on the field \"{}\"", clip(path)), &ON_FIELD)),
    }
}

fn operand(key: &str, path: &str, value: &Value) -> Result<Scalar> {
    Scalar::from_value(value).ok_or_else(|| {
        let advice = match value {
            Value::Arr(_) if key == "$contains" => "; join several $contains with $and or $or",
            Value::Arr(_) => "; use $in or $nin for one of several values, or $contains for an element",
            _ => "; use a dotted path for what is inside an object",
        };
        let mut error = wrong(key, path, "null, a boolean, a number or a string", value.describe());
        error.message.push_str(advice);
        error
    })
}

fn operands(key: &str, path: &str, value: &Value) -> Result<Vec<Scalar>> {
    const EXPECTED: &str = "an array of null, booleans, numbers or strings";
    let Value::Arr(items) = value else {
        return Err(wrong(key, path, EXPECTED, value.describe()));
    };
    let scalar = |item| {
        Scalar::from_value(item)
            .ok_or_else(|| wrong(key, path, EXPECTED, format!("{} in it", item.describe())))
    };
    items.iter().map(scalar).collect()
}

fn bound(key: &str, path: &str, value: &Value) -> Result<Bound> {
    match value {
        Value::Num(value) => Ok(Bound::Num(*value)),
        Value::Str(text) => Ok(Bound::Str(text.clone())),
        other => Err(wrong(key, path, "a number or a string", other.describe())),
    }
}

fn unknown(key: &str, place: &str, known: &[&str]) -> Error {
    Error::invalid(format!("unknown operator {} {place}", clip(key)))
        .with(format_args!("one of {}", listed(known)), clip(key))
}

fn wrong(key: &str, path: &str, expected: &str, got: String) -> Error {
    Error::invalid(format!("{key} on the field \"{}\" needs {expected}", clip(path))).with(expected, got)
}

fn refuse(message: String, expected: &str, got: &Value) -> Error {
    Error::invalid(message).with(expected, got.describe())
}
