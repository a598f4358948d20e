// Reads the header of one GGUF file: its metadata and the list of its tensors. Not here: models in several files (gguf-parts.ts),
// what they mean (inspect.ts), and the tensors' data, which is never read. Written here rather than taken from @huggingface/gguf 0.4.6, which reads a header that
// breaks off as if zeros followed.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { EngramError, fromSystemError } from '../errors.js';

export type GgufScalar = string | number | boolean;

/** An array of the metadata: its length, and its values if they are numbers and few. */
export interface GgufArray {
  length: number;
  values?: number[];
}

export interface GgufTensor {
  name: string;
  /** Innermost first, as GGUF has them. */
  dimensions: number[];
  type: number;
  /** From the start of the file. */
  offset: number;
}

export interface GgufFileHeader {
  version: number;
  metadata: Map<string, GgufScalar | GgufArray>;
  tensors: GgufTensor[];
  /** Of the file. */
  bytes: number;
  /** Where the entries of the metadata lie in the file, to copy them. */
  metadataBytes: { key: string; start: number; end: number }[];
}

/** Type numbers of metadata values: name and bytes; strings (8) and arrays (9) have a length of their own. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const STRING = 8;
const ARRAY = 9;

/** Sound files stay far below these; a length above them is not believed, whatever the size of the file. */
const MOST_ENTRIES = 1 << 20;
const LONGEST_STRING = 1 << 26;
const LONGEST_KEPT_ARRAY = 4096;
const DEEPEST_ARRAY = 2;
const MOST_DIMENSIONS = 4;

/** Reads the header of a GGUF file. Every count and length is checked against what is left of the file before anything is
 * allocated. Throws `corrupt` for a file that is none or breaks off, `unsupported` for another version, `not_found`,
 * `disk`. */
export function readGgufFile(path: string): GgufFileHeader {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw fromSystemError(error, path);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new EngramError('unsupported', `${path} is not a file.`);
    return parse(new Reader(file, stat.size, path), path);
  } catch (error) {
    throw fromSystemError(error, path);
  } finally {
    closeSync(file);
  }
}

function parse(reader: Reader, path: string): GgufFileHeader {
  if (reader.size < 24 || reader.bytes(4).toString('latin1') !== 'GGUF') {
    throw new EngramError('corrupt', `${path} is not a GGUF file.`, {
      hint: 'engram reads models in the GGUF format, as llama.cpp does.',
    });
  }
  const version = reader.uint32();
  if (version !== 2 && version !== 3) {
    throw new EngramError('unsupported', `${path} is a GGUF of version ${version}; engram reads 2 and 3.`);
  }
  // A tensor takes at least 24 bytes, an entry at least 13.
  const tensorCount = reader.count('tensors', 24);
  const entryCount = reader.count('metadata entries', 13);

  const metadata: GgufFileHeader['metadata'] = new Map();
  const metadataBytes: GgufFileHeader['metadataBytes'] = [];
  for (let i = 0; i < entryCount; i++) {
    const start = reader.position;
    const key = reader.string();
    metadata.set(key, reader.value(reader.uint32(), 0));
    metadataBytes.push({ key, start, end: reader.position });
  }
  const tensors: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) tensors.push(readTensor(reader));

  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || alignment < 1 || alignment % 1 !== 0)
    throw reader.broken('the alignment is wrong');
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  for (const tensor of tensors) tensor.offset += dataStart;
  return { version, metadata, tensors, bytes: reader.size, metadataBytes };
}

function readTensor(reader: Reader): GgufTensor {
  const name = reader.string();
  const count = reader.uint32();
  if (count > MOST_DIMENSIONS) throw reader.broken(`the tensor ${name} has ${count} dimensions`);
  const dimensions = Array.from({ length: count }, () => reader.uint64());
  return { name, dimensions, type: reader.uint32(), offset: reader.uint64() };
}

/** Goes through a file from its start, in large pieces, and never past its end. */
class Reader {
  readonly size: number;
  /** Of the next byte, from the start of the file. */
  position = 0;
  readonly #file: number;
  readonly #path: string;
  #buffer = Buffer.alloc(0);
  /** Of the buffer's first byte, from the start of the file. */
  #bufferStart = 0;

  constructor(file: number, size: number, path: string) {
    this.#file = file;
    this.size = size;
    this.#path = path;
  }

  bytes(length: number): Buffer {
    this.#require(length);
    const start = this.position - this.#bufferStart;
    if (start + length > this.#buffer.length) {
      const wanted = Math.min(Math.max(length, 1 << 20), this.size - this.position);
      const buffer = Buffer.alloc(wanted);
      const read = readSync(this.#file, buffer, 0, wanted, this.position);
      if (read < length) throw this.broken('it breaks off');
      this.#buffer = buffer.subarray(0, read);
      this.#bufferStart = this.position;
    }
    const from = this.position - this.#bufferStart;
    this.position += length;
    return this.#buffer.subarray(from, from + length);
  }

  skip(length: number): void {
    this.#require(length);
    this.position += length;
    // The next read refills a buffer that was left behind.
    if (this.position > this.#bufferStart + this.#buffer.length) this.#buffer = Buffer.alloc(0);
    if (this.#buffer.length === 0) this.#bufferStart = this.position;
  }

  uint32(): number {
    return this.bytes(4).readUInt32LE();
  }

  uint64(): number {
    const value = this.bytes(8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.broken(`a number is too large (${value})`);
    return Number(value);
  }

  /** A number of things that take at least `least` bytes each. */
  count(what: string, least: number): number {
    const count = this.uint64();
    if (count > MOST_ENTRIES || count * least > this.size - this.position) {
      throw this.broken(`it claims to have ${count} ${what}`);
    }
    return count;
  }

  string(): string {
    const length = this.uint64();
    if (length > LONGEST_STRING) throw this.broken(`a text is ${length} bytes long`);
    return this.bytes(length).toString('utf8');
  }

  value(type: number, depth: number): GgufScalar | GgufArray {
    if (type === STRING) return this.string();
    if (type === ARRAY) return this.#array(depth);
    const bytes = VALUE_BYTES[type];
    if (bytes === undefined) throw this.broken(`a value has the unknown type ${type}`);
    return scalar(type, this.bytes(bytes));
  }

  broken(why: string): EngramError {
    return new EngramError('corrupt', `${this.#path} is a broken GGUF file: ${why}.`, {
      hint: 'Fetch it again.',
      details: { path: this.#path, position: this.position },
    });
  }

  #array(depth: number): GgufArray {
    if (depth >= DEEPEST_ARRAY) throw this.broken('arrays lie too deep in each other');
    const type = this.uint32();
    const length = this.uint64();
    const bytes = VALUE_BYTES[type];
    if (bytes !== undefined) {
      if (length > LONGEST_KEPT_ARRAY) {
        this.skip(length * bytes);
        return { length };
      }
      const values = Array.from({ length }, () => Number(scalar(type, this.bytes(bytes))));
      return { length, values };
    }
    if (type !== STRING && type !== ARRAY) throw this.broken(`an array has the unknown type ${type}`);
    // A string takes at least 8 bytes, an array 12.
    this.#require(length * (type === STRING ? 8 : 12));
    for (let i = 0; i < length; i++) {
      if (type === STRING) this.skip(this.uint64());
      else this.value(ARRAY, depth + 1);
    }
    return { length };
  }

  #require(length: number): void {
    if (length > this.size - this.position) throw this.broken('it breaks off');
  }
}

function scalar(type: number, bytes: Buffer): number | boolean {
  switch (type) {
    case 0:
      return bytes.readUInt8();
    case 1:
      return bytes.readInt8();
    case 2:
      return bytes.readUInt16LE();
    case 3:
      return bytes.readInt16LE();
    case 4:
      return bytes.readUInt32LE();
    case 5:
      return bytes.readInt32LE();
    case 6:
      return bytes.readFloatLE();
    case 7:
      return bytes.readUInt8() !== 0;
    case 10:
      return Number(bytes.readBigUInt64LE());
    case 11:
      return Number(bytes.readBigInt64LE());
    default:
      return bytes.readDoubleLE();
  }
}
