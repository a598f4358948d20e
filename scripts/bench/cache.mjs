// The folder of what benchmarks fetch or make for the peers: a Python environment, packages, converted weights. Outside the
// checkout and outside ENGRAM_HOME, because it serves all checkouts and none of it is engram's. May be deleted at any time.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export function cacheFolder() {
  const { XDG_CACHE_HOME: chosen, LOCALAPPDATA: local } = process.env;
  if (process.platform === 'win32') return join(local ?? join(homedir(), 'AppData', 'Local'), 'engram-bench');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'engram-bench');
  return join(chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), '.cache'), 'engram-bench');
}

/** The path of `name` in the cache; `make(path)` makes it under another name first, so that half of it is never found. */
export async function cached(name, make) {
  const path = join(cacheFolder(), name);
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}`;
  mkdirSync(cacheFolder(), { recursive: true });
  try {
    await make(unfinished);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return path;
}
