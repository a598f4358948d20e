// Walks through a file of hnswlib and checks every size and link in it, because hnswlib follows them unseen: a wrong one reads
// or writes outside of its memory. Also how a file that a full disk cut off is noticed. Layout: saveIndex() of hnswlib 0.8 on
// a 64-bit little-endian machine.
import { open, type FileHandle } from 'node:fs/promises';
import { EngramError } from '../../errors.js';
import type { GraphParameters } from './graph.js';

/** offsetLevel0, max_elements, cur_element_count, size_data_per_element, label_offset, offsetData: 8 bytes each; maxlevel,
 * enterpoint_node: 4; maxM, maxM0, M, mult, ef_construction: 8. */
const HEADER = 6 * 8 + 2 * 4 + 5 * 8;
const BUFFER = 1 << 22;

/** Throws `corrupt` unless the file is a graph of these parameters. */
export async function checkGraphFile(path: string, parameters: GraphParameters): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const why = await faultOf(new Cursor(file), size, parameters);
    if (why !== undefined) throw new EngramError('corrupt', `The graph in ${path} is damaged: ${why}.`);
  } finally {
    await file.close();
  }
}

async function faultOf(file: Cursor, fileSize: number, parameters: GraphParameters): Promise<string | undefined> {
  const { dimensions, connections } = parameters;
  if (fileSize < HEADER) return 'it is too short';
  const header = await file.take(HEADER);
  const word = (at: number): number => Number(header.readBigUInt64LE(at));
  const [level0, capacity, count] = [word(0), word(8), word(16)] as const;
  const [nodeBytes, labelAt, dataAt] = [word(24), word(32), word(40)] as const;
  const topLevel = header.readInt32LE(48);
  const entry = header.readUInt32LE(52);
  const [maxM, maxM0, m] = [word(56), word(64), word(72)];
  const linkBytes = 4 + 4 * maxM0;
  const isLayout =
    level0 === 0 &&
    m === connections &&
    maxM === connections &&
    maxM0 === 2 * connections &&
    dataAt === linkBytes &&
    labelAt === linkBytes + 4 * dimensions &&
    nodeBytes === labelAt + 8;
  if (!isLayout) return 'it has other parameters';
  if (count > capacity || capacity > 2 ** 32 || count * (nodeBytes + 4) > fileSize - HEADER) return 'its size is wrong';
  // Room for what the file does not have would be allocated all the same.
  if (capacity > 2 * count + 2048) return 'its capacity is wrong';
  // What levels are drawn with: a large one would draw levels without end.
  const isLevelScale = Math.abs(header.readDoubleLE(80) * Math.log(connections) - 1) < 1e-9;
  if (!isLevelScale || word(88) > 1e6) return 'it has other parameters';
  if (count === 0) return topLevel === -1 ? undefined : 'it has levels without nodes';
  if (entry >= count || topLevel < 0) return 'its entry is wrong';

  const labels = new Set<number>();
  for (let node = 0; node < count; node++) {
    const data = await file.take(nodeBytes);
    if (!areLinks(data, 0, maxM0, count)) return `the links of node ${node} are wrong`;
    for (let at = dataAt; at < labelAt; at += 4) {
      if (!(Math.abs(data.readFloatLE(at)) <= 1.001)) return `the vector of node ${node} is wrong`;
    }
    labels.add(Number(data.readBigUInt64LE(labelAt)));
  }
  if (labels.size < count) return 'a slot is there twice';
  return levelsFault(file, fileSize, { count, maxM, entry, topLevel });
}

/** The levels above the lowest: of each node how many bytes of links it has, and those. A link on a level must lead to a node
 * that reaches up to it. */
async function levelsFault(
  file: Cursor,
  fileSize: number,
  { count, maxM, entry, topLevel }: { count: number; maxM: number; entry: number; topLevel: number },
): Promise<string | undefined> {
  const bytesPerLevel = 4 + 4 * maxM;
  const heights = new Uint8Array(count);
  const targets: { level: number; node: number }[] = [];
  for (let node = 0; node < count; node++) {
    if (file.position + 4 > fileSize) return 'it ends too early';
    const bytes = (await file.take(4)).readUInt32LE(0);
    const levels = bytes / bytesPerLevel;
    if (!Number.isInteger(levels) || levels > topLevel || levels > 255) return `the levels of node ${node} are wrong`;
    if (file.position + bytes > fileSize) return 'it ends too early';
    heights[node] = levels;
    const data = await file.take(bytes);
    for (let level = 1; level <= levels; level++) {
      const at = (level - 1) * bytesPerLevel;
      if (!areLinks(data, at, maxM, count)) return `the links of node ${node} are wrong`;
      for (let i = 0; i < data.readUInt16LE(at); i++) targets.push({ level, node: data.readUInt32LE(at + 4 + 4 * i) });
    }
  }
  if (file.position !== fileSize) return 'it goes on after its end';
  if (heights[entry] !== topLevel) return 'its entry is wrong';
  if (targets.some(({ level, node }) => heights[node]! < level)) return 'a link leads to a level that is not there';
  return undefined;
}

/** A list of links: how many (2 bytes; in the third is the mark of a dead node), then the nodes they lead to. */
function areLinks(data: Buffer, at: number, most: number, nodes: number): boolean {
  const count = data.readUInt16LE(at);
  if (count > most) return false;
  for (let i = 1; i <= count; i++) if (data.readUInt32LE(at + 4 * i) >= nodes) return false;
  return true;
}

/** Reads a file from its beginning, a buffer at a time. */
class Cursor {
  /** Bytes taken so far. */
  position = 0;
  #buffer = Buffer.alloc(0);

  constructor(private readonly file: FileHandle) {}

  /** The next bytes, which are there until more are taken. */
  async take(bytes: number): Promise<Buffer> {
    if (this.#buffer.length < bytes) {
      const next = Buffer.allocUnsafe(Math.max(BUFFER, bytes));
      const kept = this.#buffer.copy(next);
      let filled = kept;
      while (filled < next.length) {
        const { bytesRead } = await this.file.read(next, filled, next.length - filled, this.position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      if (filled < bytes) throw new EngramError('corrupt', 'A file became shorter while it was read.');
      this.#buffer = next.subarray(0, filled);
    }
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    this.position += bytes;
    return taken;
  }
}
