// How much memory this process may have: what the machine has and has free, at most what the control groups above it leave. Not
// here: what a model takes (fit.ts).
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** Bytes that this process can still take without swapping: what the machine has free (what the system keeps in its file
 * cache counts as free), at most what a container's limit leaves. `root` is the file system's, for tests. */
export function availableMemory(root = '/'): number {
  if (process.platform !== 'linux') return freemem();
  const free = memAvailable(join(root, 'proc/meminfo')) ?? freemem();
  return Math.max(0, Math.min(free, ...groupsAbove(root).map(roomOf)));
}

/** Bytes of memory that the machine has, at most a container's limit: what does not change from day to day. */
export function machineMemory(root = '/'): number {
  if (process.platform !== 'linux') return totalmem();
  const total = kilobytes(read(join(root, 'proc/meminfo')), 'MemTotal') ?? totalmem();
  return Math.min(total, ...groupsAbove(root).map(({ limit }) => limit));
}

function memAvailable(path: string): number | undefined {
  return kilobytes(read(path), 'MemAvailable');
}

function kilobytes(text: string, key: string): number | undefined {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match === null ? undefined : Number(match[1]) * 1024;
}

interface Group {
  folder: string;
  /** Bytes; infinite where there is none. */
  limit: number;
  used: number;
}

/** All control groups above this process, of version 2 and of version 1's memory controller. Where a container sees another path
 * than its own, the root that it sees is its group. */
function groupsAbove(root: string): Group[] {
  const said = read(join(root, 'proc/self/cgroup'));
  const base = join(root, 'sys/fs/cgroup');
  const unified = /^0::(.*)$/m.exec(said)?.[1] ?? '/';
  const memory = /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(.*)$/m.exec(said)?.[1] ?? '/';
  return [
    ...foldersUp(base, unified).map((folder) => groupOf(folder, 'memory.max', 'memory.current')),
    ...foldersUp(join(base, 'memory'), memory).map((folder) =>
      groupOf(folder, 'memory.limit_in_bytes', 'memory.usage_in_bytes'),
    ),
  ];
}

/** A folder below `base` and all above it up to `base`. */
function foldersUp(base: string, path: string): string[] {
  const folders = [base];
  for (let folder = join(base, path); folder.startsWith(`${base}/`); folder = dirname(folder)) folders.push(folder);
  return folders;
}

function groupOf(folder: string, limitFile: string, usageFile: string): Group {
  const number = (file: string): number => Number.parseInt(read(join(folder, file)), 10); // `max` and a missing file give NaN
  const [limit, used] = [number(limitFile), number(usageFile)];
  return { folder, limit: Number.isNaN(limit) ? Infinity : limit, used: Number.isNaN(used) ? 0 : used };
}

/** What a group's limit leaves; the file cache in it can be dropped. */
function roomOf({ folder, limit, used }: Group): number {
  if (limit === Infinity) return Infinity;
  const cached = /^(?:total_)?inactive_file (\d+)$/m.exec(read(join(folder, 'memory.stat')))?.[1] ?? '0';
  return limit - used + Number(cached);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
