// The hosts, each a process group that can be killed at once: no driver between it and the page, only a URL.

import { execFileSync, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** After a crash Firefox would ask, and open what was open; and it would look for updates. */
const FIREFOX_PREFS = {
  'browser.sessionstore.resume_from_crash': false,
  'toolkit.startup.max_resumed_crashes': -1,
  'browser.shell.checkDefaultBrowser': false,
  'browser.aboutwelcome.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'app.update.auto': false,
  'app.normandy.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'extensions.update.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'services.settings.server': 'data:,',
};

const HOSTS = {
  chromium: {
    storages: ['indexeddb', 'opfs'],
    program: () => process.env.CHROMIUM ?? '/usr/bin/chromium',
    command: (profile, url) => [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, url],
  },
  firefox: {
    storages: ['indexeddb', 'opfs'],
    program: () => process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    async prepare(profile, prefs) {
      const lines = Object.entries({ ...FIREFOX_PREFS, ...prefs }).map(
        ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
      );
      await writeFile(join(profile, 'user.js'), lines.join(''));
    },
    command: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url],
  },
  node: {
    storages: ['files'],
    program: () => process.execPath,
    command: (profile, url) => [fileURLToPath(new URL('node.mjs', import.meta.url)), profile, url],
  },
};

export const hostNames = Object.keys(HOSTS);
export const storagesOf = (host) => HOSTS[host].storages;

/** Name and version, or an error that says what is missing. */
export function versionOf(host) {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    const text = execFileSync(HOSTS[host].program(), ['--version'], options).trim();
    if (host === 'node') return `Node ${text.slice(1)}`;
    return /(Chromium|Google Chrome|Mozilla Firefox) [\d.]+\w*/.exec(text)?.[0] ?? text;
  } catch (error) {
    const message = `${host} does not run (${error.message}): install it, or name it in ${host.toUpperCase()}`;
    throw new Error(message, { cause: error });
  }
}

/** Starts the host on a profile folder; `prefs` are those of Firefox. */
export async function start(host, profile, url, prefs = {}) {
  await mkdir(profile, { recursive: true });
  await HOSTS[host].prepare?.(profile, prefs);
  // A group of its own, so that all of its processes can be killed with one call.
  const child = spawn(HOSTS[host].program(), HOSTS[host].command(profile, url), {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data) => (errors = (errors + data).slice(-2000)));
  const failed = new Promise((_, reject) => child.once('error', reject));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const exited = Promise.race([failed, ended]);
  exited.catch(() => undefined);
  return {
    exited,
    errors: () => errors,
    /** SIGKILL for all of it; resolves when nothing of it is left. */
    async kill() {
      signal(child.pid, 'SIGKILL');
      await exited;
      while (signal(child.pid, 0)) await new Promise((resolve) => setTimeout(resolve, 2));
    },
  };
}

/** Whether there is anybody left in the group to send it to. */
function signal(pid, name) {
  try {
    return process.kill(-pid, name);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}
