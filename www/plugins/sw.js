/**
 * Makes the page load with the network off. Every file of one build is kept under its content hash; a new build
 * takes over what did not change (the model, mostly) from the old one instead of fetching it again.
 */

/** @type {Record<string, string>} path relative to this script -> content hash; put in at build */
const FILES = self.PRECACHE;
const PREFIX = 'reverse-dictionary-';
const NAME = PREFIX + digest(JSON.stringify(FILES));
const PAGE = 'index.html';

self.addEventListener('install', (event) => event.waitUntil(precache()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));
// A new version waits until every page of the old one is closed, or until the reader asks for it.
self.addEventListener('message', (event) => {
  if (event.data === 'take-over') void self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const name = nameOf(event.request);
  if (name !== undefined) event.respondWith(answer(name, event.request));
});

async function precache() {
  const cache = await caches.open(NAME);
  for (const [name, hash] of Object.entries(FILES)) {
    const key = keyOf(name, hash);
    if ((await cache.match(key)) !== undefined) continue;
    const kept = await caches.match(key);
    const response = kept ?? (await fetch(new URL(name, self.location), { cache: 'no-cache' }));
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    await cache.put(key, response);
  }
}

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
  }
  await self.clients.claim();
}

/** The file of this build that a request is for; undefined for what goes to the network. */
function nameOf(request) {
  if (request.method !== 'GET') return undefined;
  const base = new URL('./', self.location);
  const url = new URL(request.url);
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) return undefined;
  const name = decodeURIComponent(url.pathname.slice(base.pathname.length));
  if (request.mode === 'navigate') return name === '' || name === PAGE ? PAGE : undefined;
  return Object.hasOwn(FILES, name) ? name : undefined;
}

async function answer(name, request) {
  const cache = await caches.open(NAME);
  // The browser may have thrown the cache away to make room.
  return (await cache.match(keyOf(name, FILES[name]))) ?? fetch(request);
}

function keyOf(name, hash) {
  return new URL(`${name}?content=${hash}`, self.location).href;
}

/** Only to tell one build from another. */
function digest(text) {
  let value = 0;
  for (let i = 0; i < text.length; i += 1) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0;
  return value.toString(16);
}
