// What a compiled file may not be: too large, or in need of something that the platform's machines do not all have. Not here:
// reading it (binary.mjs).
import { readBinary } from './binary.mjs';
import { MOST_BYTES, TARGETS } from './targets.mjs';

const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

/** What is wrong with a file for a platform, in words; nothing if it may be shipped. */
export function complaints(platform, bytes) {
  const { format, allowed } = TARGETS[platform];
  const found = [];
  if (bytes.length > MOST_BYTES)
    found.push(`${(bytes.length / 1e6).toFixed(1)} MB are more than ${MOST_BYTES / 1e6} MB`);
  let binary;
  try {
    binary = readBinary(bytes);
  } catch (error) {
    return [...found, `cannot be read: ${error.message}`];
  }
  if (binary.format !== format) return [...found, `is ${binary.format} and not ${format}`];

  for (const library of binary.libraries) if (!allowed.libraries.test(library)) found.push(`needs ${library}`);
  for (const { name, version, isWeak } of binary.imports) {
    if (version === undefined) {
      const isKnown = format !== 'elf' || allowed.glibc === undefined || isWeak || /^(napi|node_api)_/.test(name);
      if (!isKnown) found.push(`needs ${name}, which is neither glibc's nor Node's`);
      continue;
    }
    const [, kind, number] = /^([A-Z]+)_(.*)$/.exec(version) ?? [undefined, version, '0'];
    if (kind !== 'GLIBC' || allowed.glibc === undefined) found.push(`needs ${name} of ${version}`);
    else if (isNewer(number, allowed.glibc))
      found.push(`needs ${name} of glibc ${number}, newer than ${allowed.glibc}`);
  }
  if (allowed.macos !== undefined) {
    if (binary.minimum === undefined || isNewer(binary.minimum, allowed.macos)) {
      found.push(`is for macOS ${binary.minimum ?? 'of no version'}, and not for ${allowed.macos}`);
    }
    if (!binary.isSigned && TARGETS[platform].cpu === 'arm64') found.push('has no signature');
  }
  const more = binary.exports.filter((name) => !EXPORTS.includes(name));
  if (format !== 'macho' && more.length > 0) found.push(`shows ${more.length} other symbols, such as ${more[0]}`);
  if (!binary.exports.includes(EXPORTS[0])) found.push('is no addon: napi_register_module_v1 is not among its symbols');
  return found;
}

/** Whether one version, such as 2.34, is above another. */
export function isNewer(one, other) {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) > (b[i] ?? 0);
  }
  return false;
}
