/** What this is, whose work is in it, and under which licences. */

import { byId, h } from '../dom.js';
import { messageOf } from '../errors.js';

const PARTS = [
  {
    name: 'WordNet 3.1',
    what: 'The words and their definitions. Copyright 2011 by Princeton University. All rights reserved. Used, ' +
      'copied and distributed under the WordNet licence.',
    licence: 'WordNet licence',
    file: 'licences/wordnet.txt',
  },
  {
    name: 'all-MiniLM-L6-v2',
    what: 'The model that turns a text into 384 numbers, by the authors of sentence-transformers; its weights as ' +
      '8-bit integers.',
    licence: 'Apache License 2.0',
    file: 'licences/apache-2.0.txt',
  },
  {
    name: 'ONNX Runtime Web',
    what: 'Runs the model in the browser. Copyright (c) Microsoft Corporation.',
    licence: 'MIT licence',
    file: 'licences/onnxruntime.txt',
  },
]; // prettier-ignore

export function setUpAbout(): void {
  byId('about').append(
    h('h1', { id: 'about-title', textContent: 'About' }),
    h('p', {
      className: 'lead',
      textContent: 'An ordinary dictionary goes from the word to what it means. This one goes the other way.',
    }),
    h('p', {
      textContent:
        'Your question is turned into a point among meanings by a small language model, and the entries nearest to ' +
        'it are found by Lodestore, a vector store in WebAssembly. Both run in this browser. Nothing you type, add ' +
        'or find leaves this device, and after the first visit none of it needs a network.',
    }),
    h('p', {
      textContent:
        'Each entry was embedded once, when this demo was built, from its word and the first clause of its ' +
        'definition. The number beside a result is the cosine between it and your question: 1 is the same ' +
        'meaning, 0 is none in common.',
    }),
    h('h2', { textContent: 'With thanks to' }),
    ...PARTS.map((part) =>
      h(
        'article',
        { className: 'part' },
        h('h3', { textContent: part.name }),
        h('p', { textContent: part.what }),
        licence(part),
      ),
    ),
    h('p', { className: 'hint', textContent: 'Lodestore and this page: MIT or Apache-2.0, at your choice.' }),
  );
}

function licence(part: { licence: string; file: string }): HTMLElement {
  const text = h('pre', { textContent: '…', tabIndex: 0 });
  text.ariaLabel = part.licence;
  const details = h('details', {}, h('summary', { textContent: part.licence }), text);
  details.ontoggle = () => {
    if (details.open && text.textContent === '…') void load(part.file, text);
  };
  return details;
}

async function load(file: string, into: HTMLElement): Promise<void> {
  try {
    const response = await fetch(new URL(file, document.baseURI));
    if (!response.ok) throw new Error(`status ${response.status}`);
    into.textContent = await response.text();
  } catch (error) {
    into.textContent = `The text could not be loaded (${messageOf(error)}).`;
  }
}
