// Compiles beside tests that leave a core idle, at the lowest priority: a head start for what is compiled later anyway, which
// also tells what went wrong. Not here: what is compiled (test-parts.mjs).
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { ROOT } from './set-up/paths.mjs';

/** Runs commands one after the other. Returns a function that stops them and waits until they have ended. */
export function startCompiling(commands) {
  const stopped = new AbortController();
  const ended = (async () => {
    for (const command of commands) if (!stopped.signal.aborted) await run(command, stopped.signal);
  })();
  return () => {
    stopped.abort();
    return ended;
  };
}

/** Ends with the command, however that ends. */
function run([command, ...args], signal) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'ignore', signal });
    child.on('error', () => {
      // It cannot be started, or was stopped: then it has no exit, or one that comes.
      if (child.pid === undefined) resolve();
    });
    child.on('close', resolve);
    if (child.pid !== undefined) lower(child.pid);
  });
}

/** Also of what it starts from now on. */
function lower(pid) {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already.
  }
}
