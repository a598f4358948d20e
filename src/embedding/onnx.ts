// Writes an ONNX model: the few messages of its protobuf format that a graph with weights needs. Field numbers are those of
// onnx.proto (IR version 8). Not here: any particular graph (bert.ts).

export interface GraphNode {
  op: string;
  /** Default: the standard operators. */
  domain?: string;
  inputs: readonly string[];
  outputs: readonly string[];
  /** Whole numbers become ints, others floats: so a float must not happen to be whole. */
  attributes?: Readonly<Record<string, number>>;
}

export interface Constant {
  name: string;
  shape: readonly number[];
  values: Float32Array | Int8Array | BigInt64Array;
}

export interface Graph {
  /** 64-bit integers; a dimension is a name (any size). */
  inputs: Readonly<Record<string, readonly string[]>>;
  nodes: readonly GraphNode[];
  constants: readonly Constant[];
  /** 32-bit floats. */
  output: { name: string; shape: readonly (string | number)[] };
}

type Piece = Uint8Array | readonly Piece[];

/** The bytes of a model file. */
export function writeOnnx(graph: Graph): Uint8Array<ArrayBuffer> {
  const value = (name: string, type: number, shape: readonly (string | number)[]): Piece => [
    bytes(1, text(name)),
    bytes(
      2,
      bytes(1, [
        int(1, type),
        bytes(
          2,
          shape.map((size) => bytes(1, dimension(size))),
        ),
      ]),
    ),
  ];
  const content: Piece = [
    ...graph.nodes.map((node) => bytes(1, nodeOf(node))),
    bytes(2, text('engram')),
    ...graph.constants.map((constant) => bytes(5, tensorOf(constant))),
    ...Object.entries(graph.inputs).map(([name, shape]) => bytes(11, value(name, INT64, shape))),
    bytes(12, value(graph.output.name, FLOAT, graph.output.shape)),
  ];
  return join([
    int(1, 8),
    bytes(2, text('engram')),
    bytes(7, content),
    bytes(8, [bytes(1, text('')), int(2, 17)]),
    bytes(8, [bytes(1, text('com.microsoft')), int(2, 1)]),
  ]);
}

const FLOAT = 1;
const INT8 = 3;
const INT64 = 7;

function nodeOf({ op, domain, inputs, outputs, attributes = {} }: GraphNode): Piece {
  return [
    ...inputs.map((name) => bytes(1, text(name))),
    ...outputs.map((name) => bytes(2, text(name))),
    bytes(3, text(outputs[0] ?? op)),
    bytes(4, text(op)),
    ...Object.entries(attributes).map(([name, number]) =>
      bytes(5, [
        bytes(1, text(name)),
        ...(Number.isInteger(number) ? [int(3, number), int(20, 2)] : [float(2, number), int(20, 1)]),
      ]),
    ),
    ...(domain === undefined ? [] : [bytes(7, text(domain))]),
  ];
}

function tensorOf({ name, shape, values }: Constant): Piece {
  const type = values instanceof Float32Array ? FLOAT : values instanceof Int8Array ? INT8 : INT64;
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [...shape.map((size) => int(1, size)), int(2, type), bytes(8, text(name)), bytes(9, raw)];
}

const dimension = (size: string | number): Piece => (typeof size === 'string' ? bytes(2, text(size)) : int(1, size));

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const bytes = (field: number, content: Piece): Piece => [varint((field << 3) | 2), varint(lengthOf(content)), content];
const int = (field: number, value: number): Piece => [varint(field << 3), varint(value)];
const float = (field: number, value: number): Piece => {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setFloat32(0, value, true);
  return [varint((field << 3) | 5), four];
};

/** Base 128, least significant first. Negative ones as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    out.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(out);
}

function lengthOf(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.reduce((sum, part) => sum + lengthOf(part), 0);
}

function join(piece: Piece): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(lengthOf(piece));
  let at = 0;
  const put = (part: Piece): void => {
    if (part instanceof Uint8Array) {
      out.set(part, at);
      at += part.length;
    } else part.forEach(put);
  };
  put(piece);
  return out;
}
