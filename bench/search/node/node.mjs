// Node: each system is a process, so that its memory can be told.
import { fork } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('./process.mjs', import.meta.url));

export function nodeHost({ scratch }) {
  let count = 0;
  return {
    host: `node ${process.versions.node}`,
    /** A process that waits for commands. */
    async spawn() {
      count += 1;
      const folder = join(scratch, `system-${count}`);
      await mkdir(folder, { recursive: true });
      const child = fork(PROCESS, {
        execArgv: ['--expose-gc', '--max-old-space-size=12288', '--no-warnings'],
        // What peers print is theirs; what goes wrong comes back as an answer.
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        serialization: 'advanced',
      });
      let said = '';
      child.stderr.on('data', (data) => (said = (said + data).slice(-2000)));
      return {
        call(request) {
          return new Promise((resolve, reject) => {
            const ended = (code, signal) =>
              reject(new Error(`the process ended (${signal ?? code}): ${said}`));
            child.once('exit', ended);
            child.once('message', ({ value, failure }) => {
              child.off('exit', ended);
              if (failure === undefined) resolve(value);
              else reject(new Error(failure));
            });
            child.send({ ...request, folder }, (error) => error && reject(error));
          });
        },
        async end() {
          child.removeAllListeners();
          if (child.exitCode !== null || child.signalCode !== null) return;
          const over = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGKILL');
          await over;
        },
      };
    },
    async close() {},
  };
}
