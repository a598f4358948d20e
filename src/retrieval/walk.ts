// The files below a path, as ignore files let them through. Symbolic links are not followed, so that nothing outside is read
// and no circle walked. Not here: what is in the files.
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Ignore } from 'ignore';
import { fromSystemError, isSystemError, throwIfCancelled } from '../errors.js';
import type { Skipped } from './types.js';

export interface FoundFile {
  path: string;
  bytes: number;
  /** Milliseconds since 1970. */
  mtimeMs: number;
}

export interface Walked {
  files: FoundFile[];
  skipped: Skipped[];
  /** Folders that could not be read: what is known of files in them still holds. */
  unread: string[];
}

export const IGNORE_FILES = ['.gitignore', '.engramignore'];

/** Names of files and folders that are never wanted, whatever ignore files say. */
export const NEVER_READ = /^(?:\..*|node_modules|__pycache__)$/u;

/** Names of files that programs keep beside the one that is meant: backups, locks, halves of downloads. An answer must not rest on
 * what a text said before. */
export const LEFT_BESIDE =
  /^~\$|^~.*\.tmp$|^#.*#$|~$|\.(?:bak|backup|old|orig|rej|sav|save|swp|swo|tmp|temp|wbk|xlk|asd|part|partial|crdownload|download|kate-swp)$|^(?:Thumbs\.db|desktop\.ini)$/iu;

/** A folder's rules, and where they count from. */
interface Rules {
  folder: string;
  matcher: Ignore;
}

/** The regular files at or below `root`, an absolute path; a file that is named itself is never ignored. Throws `not_found`,
 * `disk`, `cancelled`. */
export async function walk(root: string, signal?: AbortSignal): Promise<Walked> {
  const walked: Walked = { files: [], skipped: [], unread: [] };
  let stats: Stats;
  try {
    stats = await stat(root); // what is named may be a link
  } catch (error) {
    throw fromSystemError(error, root);
  }
  if (stats.isDirectory()) await walkFolder(root, [], walked, signal);
  else if (stats.isFile()) walked.files.push(fileOf(root, stats));
  else walked.skipped.push({ path: root, code: 'unsupported', reason: 'It is neither a file nor a folder.' });
  walked.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return walked;
}

async function walkFolder(
  folder: string,
  above: readonly Rules[],
  walked: Walked,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfCancelled(signal);
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return; // since its parent was read
    walked.unread.push(folder);
    walked.skipped.push({ path: folder, code: 'unreadable', reason: reasonOf(error) });
    return;
  }
  const rules = [...above, ...(await rulesOf(folder))];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (NEVER_READ.test(entry.name) || (entry.isFile() && LEFT_BESIDE.test(entry.name))) continue;
    if (matches(rules, path, entry.isDirectory())) continue;
    if (entry.isDirectory()) await walkFolder(path, rules, walked, signal);
    else if (entry.isFile()) {
      try {
        walked.files.push(fileOf(path, await lstat(path)));
      } catch (error) {
        if (!isSystemError(error, 'ENOENT')) walked.skipped.push({ path, code: 'unreadable', reason: reasonOf(error) });
      }
    } else if (entry.isSymbolicLink()) {
      walked.skipped.push({ path, code: 'unsupported', reason: 'It is a symbolic link, which is not followed.' });
    }
  }
}

async function rulesOf(folder: string): Promise<Rules[]> {
  const { default: ignore } = await import('ignore');
  const rules: Rules[] = [];
  for (const name of IGNORE_FILES) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (text !== undefined) rules.push({ folder, matcher: ignore().add(text) });
  }
  return rules;
}

/** The nearest rule that says anything decides, as git has it. */
function matches(rules: readonly Rules[], path: string, isFolder: boolean): boolean {
  for (const { folder, matcher } of rules.toReversed()) {
    const name = relative(folder, path).split(sep).join('/') + (isFolder ? '/' : '');
    const { ignored, unignored } = matcher.test(name);
    if (ignored) return true;
    if (unignored) return false;
  }
  return false;
}

function fileOf(path: string, { size, mtimeMs }: Stats): FoundFile {
  return { path, bytes: size, mtimeMs };
}

function reasonOf(error: unknown): string {
  const ours = fromSystemError(error, '');
  return ours instanceof Error ? ours.message.replace(/: \.$/u, '.') : String(error);
}
