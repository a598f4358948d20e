// The files below a path, as ignore files let them through. Symbolic links are not followed, so that nothing outside is read
// and no circle walked; what is no file (a pipe, a device) is said. Not here: what is in the files.
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Ignore } from 'ignore';
import { fromSystemError, isSystemError, throwIfCancelled } from '../errors.js';
import { openFile, placeIn, type Place } from './file-names.js';
import type { Skipped } from './types.js';

export interface FoundFile extends Place {
  /** It was found in a folder, not named. */
  isFound: boolean;
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
  const place = { path: root, at: root };
  if (stats.isDirectory()) await walkFolder(place, [], walked, signal);
  else if (stats.isFile()) walked.files.push(fileOf(place, stats, false));
  else walked.skipped.push({ path: root, code: 'unsupported', reason: `It is ${kindOf(stats)}, which is not read.` });
  walked.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return walked;
}

async function walkFolder(
  folder: Place,
  above: readonly Rules[],
  walked: Walked,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfCancelled(signal);
  let entries: Dirent<Buffer>[];
  try {
    entries = await readdir(folder.at, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return; // since its parent was read
    walked.unread.push(folder.path);
    walked.skipped.push({ path: folder.path, code: 'unreadable', reason: reasonOf(error) });
    return;
  }
  const rules = [...above, ...(await rulesOf(folder))];
  const pages = entries.filter(({ name }) => PAGE.test(name.toString('latin1')));
  for (const entry of entries) {
    const place = placeIn(folder, entry.name);
    const { name, path, at } = place;
    if (NEVER_READ.test(name) || (entry.isFile() && LEFT_BESIDE.test(name))) continue;
    if (matches(rules, path, entry.isDirectory())) continue;
    if (entry.isDirectory()) {
      const page = await pageWith(folder, entry.name, pages);
      if (page === undefined) await walkFolder(place, rules, walked, signal);
      else
        walked.skipped.push({ path, code: 'unsupported', reason: `It is what the saved page ${page} is shown with.` });
    } else if (entry.isFile()) {
      try {
        walked.files.push(fileOf(place, await lstat(at), true));
      } catch (error) {
        if (!isSystemError(error, 'ENOENT')) walked.skipped.push({ path, code: 'unreadable', reason: reasonOf(error) });
      }
    } else if (entry.isSymbolicLink()) {
      walked.skipped.push({ path, code: 'unsupported', reason: 'It is a symbolic link, which is not followed.' });
    } else walked.skipped.push({ path, code: 'unsupported', reason: `It is ${kindOf(entry)}, which is not read.` });
  }
}

const PAGE = /\.x?html?$/iu;

/** Bytes of a page that say what it is shown with. */
const PAGE_HEAD = 256 * 1024;

/** The page whose pictures and scripts a browser saved in this folder beside it (`Kilns_files`, `Kilns-Dateien`): it names it. */
async function pageWith(above: Place, folder: Buffer, pages: readonly Dirent<Buffer>[]): Promise<string | undefined> {
  const name = folder.toString('utf8');
  for (const page of pages) {
    const place = placeIn(above, page.name);
    const base = place.name.replace(PAGE, '');
    if (!page.isFile() || !name.startsWith(base) || !/^[-_. ][^-_. ]+$/u.test(name.slice(base.length))) continue;
    const head = await headOf(place.at, PAGE_HEAD).catch(() => '');
    if ([name, encodeURIComponent(name), encodeURI(name)].some((written) => head.includes(`${written}/`)))
      return place.name;
  }
  return undefined;
}

async function headOf(at: string | Buffer, bytes: number): Promise<string> {
  const handle = await openFile(at, true);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function kindOf(what: Dirent<Buffer> | Stats): string {
  if (what.isFIFO()) return 'a named pipe';
  if (what.isSocket()) return 'a socket';
  return what.isBlockDevice() || what.isCharacterDevice() ? 'a device' : 'neither a file nor a folder';
}

async function rulesOf(folder: Place): Promise<Rules[]> {
  const { default: ignore } = await import('ignore');
  const rules: Rules[] = [];
  for (const name of IGNORE_FILES) {
    const text = await textOf(placeIn(folder, Buffer.from(name)).at).catch(() => undefined);
    if (text !== undefined) rules.push({ folder: folder.path, matcher: ignore().add(text) });
  }
  return rules;
}

/** Of an ignore file, which may be a link as git allows it, but no pipe. */
async function textOf(at: string | Buffer): Promise<string | undefined> {
  const handle = await openFile(at, false);
  try {
    return (await handle.stat()).isFile() ? await handle.readFile('utf8') : undefined;
  } finally {
    await handle.close();
  }
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

function fileOf({ path, at }: Place, { size, mtimeMs }: Stats, isFound: boolean): FoundFile {
  return { path, at, isFound, bytes: size, mtimeMs };
}

function reasonOf(error: unknown): string {
  const ours = fromSystemError(error, '');
  return ours instanceof Error ? ours.message.replace(/: \.$/u, '.') : String(error);
}
