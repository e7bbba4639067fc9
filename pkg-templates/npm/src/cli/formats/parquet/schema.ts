/** The columns of a file as a tree, and what becomes of each. */

import type { SchemaElement, SchemaTree } from './library.js';

/** A column of stored values: where the tree ends. */
export interface Leaf {
  /** For messages. */
  path: string;
  /** What tells it from others. */
  key: string;
  element: SchemaElement;
  /** From the root to the value. */
  branch: readonly SchemaTree[];
  /** Definition level of a value that is there. */
  full: number;
  /** The levels of the list that it is in: where the list is there, and where it has an element. */
  list: { there: number; element: number } | undefined;
}

/** What a column gives. */
export type Shape =
  | { kind: 'value'; leaf: Leaf }
  /** A list of values. */
  | { kind: 'list'; leaf: Leaf }
  /** `there` is the definition level at which it is no null. */
  | { kind: 'struct'; there: number; fields: readonly Column[] }
  /** What there is no place for. */
  | { kind: 'none'; what: string };

export interface Column {
  name: string;
  shape: Shape;
}

/** Every level of a tree that a hostile file could nest. */
const DEPTH_MAX = 16;

/** The columns of a file. */
export function columnsOf(root: SchemaTree): Column[] {
  return root.children.map((child) => ({
    name: child.element.name,
    shape: shapeOf(child, [root], 0),
  }));
}

/** Every leaf of a shape. */
export function leavesOf(shape: Shape): Leaf[] {
  if (shape.kind === 'none') return [];
  return shape.kind === 'struct' ? shape.fields.flatMap((field) => leavesOf(field.shape)) : [shape.leaf];
}

function shapeOf(tree: SchemaTree, above: readonly SchemaTree[], level: number): Shape {
  const branch = [...above, tree];
  const { element } = tree;
  if (branch.length > DEPTH_MAX) return { kind: 'none', what: 'columns that are nested that deep' };
  if (isRepeated(tree) || isAnnotated(element, 'LIST')) return listOf(tree, above, level);
  if (isAnnotated(element, 'MAP') || element.converted_type === 'MAP_KEY_VALUE')
    return { kind: 'none', what: 'maps' };
  const there = level + (element.repetition_type === 'OPTIONAL' ? 1 : 0);
  if (tree.children.length === 0) {
    // A group without fields: nothing is stored of it.
    if (element.type === undefined) return { kind: 'none', what: 'structs without fields' };
    return { kind: 'value', leaf: leafOf(branch, there, undefined) };
  }
  const fields = tree.children.map((child) => ({
    name: child.element.name,
    shape: shapeOf(child, branch, there),
  }));
  return { kind: 'struct', there, fields };
}

/**
 * Three ways to write one: a group that holds a repeated group that holds the element, a group that holds the repeated
 * element, and the repeated element alone. Whatever stands on the way, it ends in one leaf, and one node repeats.
 */
function listOf(tree: SchemaTree, above: readonly SchemaTree[], level: number): Shape {
  const branch = [...above, tree];
  let [node, there, element] = [tree, level, 0];
  if (!isRepeated(node)) {
    there += node.element.repetition_type === 'OPTIONAL' ? 1 : 0;
    const [inner, ...more] = node.children;
    if (inner === undefined || more.length > 0 || !isRepeated(inner)) return none('such lists');
    branch.push(inner);
    node = inner;
  }
  element = there + 1;
  let full = element;
  const [inner, ...more] = node.children;
  if (inner !== undefined) {
    if (more.length > 0 || isRepeated(inner) || inner.children.length > 0)
      return none('lists of lists or of structs');
    full += inner.element.repetition_type === 'OPTIONAL' ? 1 : 0;
    branch.push(inner);
  }
  return { kind: 'list', leaf: leafOf(branch, full, { there, element }) };
}

function none(what: string): Shape {
  return { kind: 'none', what };
}

function leafOf(branch: SchemaTree[], full: number, list: Leaf['list']): Leaf {
  const last = branch.at(-1) as SchemaTree;
  return { path: last.path.join('.'), key: last.path.join('\0'), element: last.element, branch, full, list };
}

function isRepeated(tree: SchemaTree): boolean {
  return tree.element.repetition_type === 'REPEATED';
}

function isAnnotated(element: SchemaElement, as: 'LIST' | 'MAP'): boolean {
  return element.converted_type === as || element.logical_type?.type === as;
}
