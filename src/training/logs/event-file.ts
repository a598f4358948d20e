// TensorBoard's event files, written: TFRecord framing (length, masked CRC-32C, data, masked CRC-32C) around the few fields of
// its protobuf messages that a curve needs. By hand, as no kept package for Node writes them without TensorFlow. Checked against
// TensorBoard's own writer and reader (scripts/golden/tensorboard_events.py, check_tensorboard.py). Not here: which curves.
// Sources: tensorboard/compat/proto/{event,summary}.proto, tensorflow/core/lib/io/record_writer.h.

export interface Scalar {
  tag: string;
  value: number;
}

/** The first record of a file: its version. `wallTime` in seconds since 1970, here and below. */
export function versionRecord(wallTime: number): Buffer {
  return frame(event(wallTime, 0, bytesField(3, Buffer.from('brain.Event:2'))));
}

/** Says that a run goes on: TensorBoard then drops what earlier files hold from this step on. */
export function startRecord(wallTime: number, step: number): Buffer {
  const SESSION_START = 1;
  return frame(event(wallTime, step, bytesField(7, varintField(1, SESSION_START))));
}

/** One point of each curve. Values are stored as 32-bit floats. */
export function scalarRecord(wallTime: number, step: number, scalars: readonly Scalar[]): Buffer {
  const values = scalars.map(({ tag, value }) =>
    bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), floatField(2, value)])),
  );
  return frame(event(wallTime, step, bytesField(5, Buffer.concat(values))));
}

function event(wallTime: number, step: number, what: Buffer): Buffer {
  // As protobuf does, a field that has its default is left out.
  return Buffer.concat([doubleField(1, wallTime), step === 0 ? Buffer.alloc(0) : varintField(2, step), what]);
}

/** A TFRecord. */
function frame(data: Buffer): Buffer {
  const out = Buffer.alloc(16 + data.length);
  out.writeBigUInt64LE(BigInt(data.length), 0);
  out.writeUInt32LE(maskedCrc(out.subarray(0, 8)), 8);
  data.copy(out, 12);
  out.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return out;
}

/** CRCs of data that holds CRCs are weak, so TFRecord turns and shifts them. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78. zlib's crc32 is another polynomial. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0x82f63b78);
  return crc;
});

// Protobuf: each field begins with its number and the kind of what follows.
const VARINT = 0;
const BYTES_8 = 1;
const LENGTH = 2;
const BYTES_4 = 5;

function key(field: number, kind: number): Buffer {
  return varint((field << 3) | kind);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([key(field, VARINT), varint(value)]);
}

function doubleField(field: number, value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeDoubleLE(value);
  return Buffer.concat([key(field, BYTES_8), data]);
}

function floatField(field: number, value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeFloatLE(value);
  return Buffer.concat([key(field, BYTES_4), data]);
}

function bytesField(field: number, data: Uint8Array): Buffer {
  return Buffer.concat([key(field, LENGTH), varint(data.length), data]);
}

/** A whole number from 0 to 2^53 - 1, seven bits a byte, lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
