// One set-up at a time in one checkout: a second one waits, and then finds everything done.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUILD, at } from './paths.mjs';
import { note } from './progress.mjs';

const LOCK = at('build', 'set-up.lock');

/** Runs `work` alone. A lock left by a process that is gone is taken over. */
export async function alone(work) {
  await take();
  const release = () => rmSync(LOCK, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

async function take() {
  mkdirSync(BUILD, { recursive: true });
  for (let told = false; ;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(readOwner());
    if (owner > 0 && !isAlive(owner)) {
      rmSync(LOCK, { force: true });
      continue;
    }
    if (!told) note(`Waiting for another set-up in this folder (process ${owner || 'unknown'}, ${LOCK}) …`);
    told = true;
    await sleep(500);
  }
}

function readOwner() {
  try {
    return readFileSync(LOCK, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
