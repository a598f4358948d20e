// Blocks of random weights in ggml's formats, written as bytes: sound scales, random digits. A pool of blocks is made for each
// tensor's spread and repeated with an odd period, so that no two rows are alike and gigabytes take seconds.

/** By name: ggml's number, values and bytes of a block, and how one is filled so that its values spread by about `sigma`. */
export const TYPES = {
  F32: { number: 0, elements: 1, bytes: 4, fill: (block) => block.writeFloatLE(1) }, // norms
  F16: {
    number: 1,
    elements: 1,
    bytes: 2,
    fill: (block, sigma) => half(block, 0, (sigma / 18_918) * (block.readUInt16LE(0) - 32_767.5)),
  },
  Q4_0: { number: 2, elements: 32, bytes: 18, fill: (block, sigma) => half(block, 0, sigma / 4.6) },
  Q4_1: {
    number: 3,
    elements: 32,
    bytes: 20,
    fill: (block, sigma) => {
      half(block, 0, sigma / 4.6);
      half(block, 2, -7.5 * (sigma / 4.6));
    },
  },
  Q5_0: { number: 6, elements: 32, bytes: 22, fill: (block, sigma) => half(block, 0, sigma / 9.2) },
  Q8_0: { number: 8, elements: 32, bytes: 34, fill: (block, sigma) => half(block, 0, sigma / 74) },
  Q4_K: {
    number: 12,
    elements: 256,
    bytes: 144,
    fill: (block, sigma) => {
      half(block, 0, sigma / 167);
      half(block, 2, 7.5 * (sigma / 167));
      // Scale and minimum of each of the eight parts are the same number, so that values lie around zero.
      for (let i = 4; i < 8; i++) block[i + 4] = block[i];
      for (let i = 12; i < 16; i++) block[i] = (block[i] & 15) * 17;
    },
  },
  Q6_K: {
    number: 14,
    elements: 256,
    bytes: 210,
    fill: (block, sigma) => {
      for (let i = 192; i < 208; i++) block[i] = 8 + (block[i] & 15);
      half(block, 208, sigma / 300);
    },
  },
};

const POOL = 4099;

/** The bytes of a tensor, piece by piece. */
export function* blocksOf({ typeName, dimensions, bytes }, seed) {
  const { bytes: size, fill } = TYPES[typeName];
  const sigma = 1 / Math.sqrt(dimensions[0]);
  const pool = Buffer.alloc(POOL * size);
  const random = generator(seed + 1);
  for (let i = 0; i + 4 <= pool.length; i += 4) pool.writeUInt32LE(random(), i);
  for (let i = 0; i < POOL; i++) fill(pool.subarray(i * size, (i + 1) * size), sigma);
  for (let left = bytes; left > 0; left -= pool.length) yield left < pool.length ? pool.subarray(0, left) : pool;
}

/** Whole numbers of 32 bits (xorshift). */
function generator(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}

/** Writes IEEE 754 binary16, rounded. */
function half(block, at, value) {
  const size = Math.abs(value);
  const sign = value < 0 ? 0x8000 : 0;
  if (size < 2 ** -14) return block.writeUInt16LE(sign | Math.round(size * 2 ** 24), at);
  const exponent = Math.floor(Math.log2(size));
  const fraction = Math.round((size / 2 ** exponent - 1) * 1024);
  return block.writeUInt16LE(sign | (((exponent + 15) << 10) + fraction), at);
}
