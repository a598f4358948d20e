// Reads what a compiled addon asks of the machine it runs on, out of its bytes: 64-bit ELF, Mach-O and PE. No tool is needed, so a
// file for any platform can be looked at on any other. Not here: what is allowed (check.mjs).

/** `libraries` and `exports`: names; `imports`: `{ name, version }`, the version of a symbol where ELF has one, `isWeak` where it may be missing; `minimum`: of
 * macOS; `isSigned`: of Mach-O. Throws RangeError or Error where the file is none of the three, or is damaged. */
export function readBinary(bytes) {
  const magic = bytes.readUInt32BE(0);
  if (magic === 0x7f454c46) return { format: 'elf', ...readElf(bytes) };
  if (magic === 0xcffaedfe) return { format: 'macho', ...readMachO(bytes) };
  if (magic >>> 16 === 0x4d5a) return { format: 'pe', ...readPe(bytes) };
  throw new Error('Neither ELF nor Mach-O nor PE.');
}

const text = (bytes, at) => bytes.toString('latin1', at, bytes.indexOf(0, at));
const u64 = (bytes, at) => Number(bytes.readBigUInt64LE(at));

function readElf(bytes) {
  const [sectionsAt, size, count] = [u64(bytes, 0x28), bytes.readUInt16LE(0x3a), bytes.readUInt16LE(0x3c)];
  const sections = Array.from({ length: count }, (_, i) => {
    const at = sectionsAt + i * size;
    return {
      type: bytes.readUInt32LE(at + 4),
      at: u64(bytes, at + 24),
      size: u64(bytes, at + 32),
      link: bytes.readUInt32LE(at + 40),
    };
  });
  const section = (type) => sections.find((one) => one.type === type);
  const each = (one, step, read) =>
    one === undefined ? [] : Array.from({ length: one.size / step }, (_, i) => read(one.at + i * step, i));

  const dynamic = section(6);
  const names = sections[dynamic?.link]?.at;
  const libraries = each(dynamic, 16, (at) => [u64(bytes, at), u64(bytes, at + 8)])
    .filter(([tag]) => tag === 1)
    .map(([, name]) => text(bytes, names + name));

  // Which version of a symbol is wanted: a number for each symbol, and the names of the numbers.
  const versions = new Map();
  const needed = section(0x6ffffffe);
  for (let at = needed?.at, next = needed === undefined ? 0 : 1; next !== 0; at += next) {
    const strings = sections[needed.link].at;
    let entry = at + bytes.readUInt32LE(at + 8);
    for (let left = bytes.readUInt16LE(at + 2); left > 0; left--) {
      versions.set(bytes.readUInt16LE(entry + 6) & 0x7fff, text(bytes, strings + bytes.readUInt32LE(entry + 8)));
      entry += bytes.readUInt32LE(entry + 12);
    }
    next = bytes.readUInt32LE(at + 12);
  }
  const numbers = each(section(0x6fffffff), 2, (at) => bytes.readUInt16LE(at) & 0x7fff);
  const symbols = section(11);
  const found = each(symbols, 24, (at, i) => ({
    name: text(bytes, sections[symbols.link].at + bytes.readUInt32LE(at)),
    isImport: bytes.readUInt16LE(at + 6) === 0,
    isWeak: bytes[at + 4] >> 4 === 2,
    version: versions.get(numbers[i]),
  })).filter(({ name }) => name !== '');
  return {
    libraries,
    imports: found.filter(({ isImport }) => isImport).map(({ name, version, isWeak }) => ({ name, version, isWeak })),
    exports: found.filter(({ isImport }) => !isImport).map(({ name }) => name),
  };
}

function readMachO(bytes) {
  const result = { libraries: [], imports: [], exports: [], minimum: undefined, isSigned: false };
  for (let at = 32, left = bytes.readUInt32LE(16); left > 0; left--) {
    const [command, size] = [bytes.readUInt32LE(at) & 0x7fffffff, bytes.readUInt32LE(at + 4)];
    if (command === 0x0c || command === 0x18 || command === 0x1f) {
      result.libraries.push(text(bytes, at + bytes.readUInt32LE(at + 8)));
    } else if (command === 0x32) {
      result.minimum = version(bytes.readUInt32LE(at + 12));
    } else if (command === 0x24) {
      result.minimum = version(bytes.readUInt32LE(at + 8));
    } else if (command === 0x1d) {
      result.isSigned = true;
    } else if (command === 0x02) {
      const [symbols, count, strings] = [8, 12, 16].map((offset) => bytes.readUInt32LE(at + offset));
      for (let i = 0; i < count; i++) {
        const [name, type] = [text(bytes, strings + bytes.readUInt32LE(symbols + 16 * i)), bytes[symbols + 16 * i + 4]];
        if ((type & 0xe1) !== 0x01) continue; // external, no debugger's entry
        // C's names begin with an underscore.
        if ((type & 0x0e) === 0) result.imports.push({ name: name.replace(/^_/, '') });
        else result.exports.push(name.replace(/^_/, ''));
      }
    }
    at += size;
  }
  return result;
}

const version = (packed) => `${packed >>> 16}.${(packed >>> 8) & 0xff}`;

function readPe(bytes) {
  const pe = bytes.readUInt32LE(0x3c);
  if (text(bytes, pe) !== 'PE') throw new Error('An executable, but none of Windows.');
  const optional = pe + 24;
  const table = optional + bytes.readUInt16LE(pe + 20);
  const sections = Array.from({ length: bytes.readUInt16LE(pe + 6) }, (_, i) => {
    const at = table + 40 * i;
    return { start: bytes.readUInt32LE(at + 12), size: bytes.readUInt32LE(at + 8), at: bytes.readUInt32LE(at + 20) };
  });
  const place = (address) => {
    const found = sections.find(({ start, size }) => address >= start && address < start + size);
    if (found === undefined) throw new RangeError(`No section holds ${address}.`);
    return address - found.start + found.at;
  };
  const directory = (i) => bytes.readUInt32LE(optional + 112 + 8 * i);
  const libraries = [];
  const imports = [];
  if (directory(1) !== 0) {
    for (let at = place(directory(1)); bytes.readUInt32LE(at + 12) !== 0; at += 20) {
      libraries.push(text(bytes, place(bytes.readUInt32LE(at + 12))));
      for (
        let entry = place(bytes.readUInt32LE(at) || bytes.readUInt32LE(at + 16));
        u64(bytes, entry) !== 0;
        entry += 8
      ) {
        const isNumber = bytes[entry + 7] >> 7 === 1;
        if (!isNumber) imports.push({ name: text(bytes, place(bytes.readUInt32LE(entry)) + 2) });
      }
    }
  }
  const exports = [];
  if (directory(0) !== 0) {
    const at = place(directory(0));
    const names = place(bytes.readUInt32LE(at + 32));
    for (let i = 0; i < bytes.readUInt32LE(at + 24); i++)
      exports.push(text(bytes, place(bytes.readUInt32LE(names + 4 * i))));
  }
  return { libraries, imports, exports };
}
