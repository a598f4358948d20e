// For property tests of readers: damaged copies of sound files, and the promise that a reader ends, soundly or with an
// EngramError, whatever it is given. Runs are the same every time; set FC_SEED for others, FC_RUNS for more.
import fc from 'fast-check';
import { EngramError } from '../../src/errors.js';

/** A file cut off, with bytes flipped, with a length in it overwritten, with a piece doubled or left out; or noise. */
export function damaged(sound: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat(Math.max(0, sound.length - 1));
  const flips = fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 8 }).map((changes) =>
    changed(sound, (bytes) => {
      for (const [at, value] of changes) bytes[at] = value;
    }),
  );
  const length = fc.constantFrom(
    0n,
    1n,
    0xffn,
    0x7fffffffn,
    0xffffffffn,
    1n << 32n,
    1n << 53n,
    (1n << 63n) - 1n,
    (1n << 64n) - 1n,
  );
  const lengths = fc.tuple(place, length).map(([at, value]) =>
    changed(sound, (bytes) => {
      for (let i = 0; i < 8 && at + i < bytes.length; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    }),
  );
  const pieces = fc.tuple(place, place, place).map(([a, b, c]) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    return Buffer.concat([sound.subarray(0, c), sound.subarray(from, to), sound.subarray(Math.max(c, from))]);
  });
  const cuts = place.map((end) => sound.slice(0, end));
  return fc.oneof(flips, lengths, pieces, cuts, fc.uint8Array({ maxLength: 200 }));
}

function changed(sound: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array {
  const copy = sound.slice();
  change(copy);
  return copy;
}

/** Checks that `read` ends for every input, and fails with nothing but an EngramError of one of these codes. */
export async function endsSoundly<T>(
  inputs: fc.Arbitrary<T>,
  codes: readonly string[],
  read: (input: T) => unknown,
): Promise<{ taken: number; refused: number }> {
  const count = { taken: 0, refused: 0 };
  const property = fc.asyncProperty(inputs, async (input) => {
    try {
      await read(input);
      count.taken++;
    } catch (error) {
      if (!(error instanceof EngramError) || !codes.includes(error.code)) throw error;
      count.refused++;
    }
  });
  await fc.assert(property, {
    seed: Number(process.env['FC_SEED'] ?? 1),
    numRuns: Number(process.env['FC_RUNS'] ?? 150),
    timeout: 5_000,
  });
  return count;
}
