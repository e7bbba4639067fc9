/** The service worker: registered when the page is ready, updated when the reader says so. */

import { notify } from './ui/notices.js';

export async function setUpOffline(): Promise<void> {
  // While developing, cached files would hide every change.
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  const hadOne = navigator.serviceWorker.controller !== null;
  const registration = await navigator.serviceWorker.register(new URL('sw.js', document.baseURI));
  const offer = (worker: ServiceWorker) => {
    if (!hadOne) return;
    const run = () => worker.postMessage('take-over');
    notify('A new version is ready.', { action: { label: 'Reload', run } });
  };
  if (registration.waiting !== null) offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed') offer(worker);
    });
  });
  // The first worker of all takes over a page that it serves just the same; only a change of version reloads.
  if (hadOne) navigator.serviceWorker.addEventListener('controllerchange', () => location.reload());
}

export async function offlineState(): Promise<string> {
  if (!('serviceWorker' in navigator)) return 'not in this browser';
  const registration = await navigator.serviceWorker.getRegistration();
  if (registration?.active) return 'ready: works with the network off';
  return registration === undefined ? 'not set up' : 'being set up';
}
