// What options of the benchmarks may be: lists, numbers, words out of a set.
import { InvalidArgumentError, Option } from 'commander';

export function list(flags, description, read, values = undefined) {
  const all = values ?? read.values;
  return new Option(flags, `${description}, comma-separated`)
    .argParser((text) => text.split(',').map((value) => refusable(() => read(value))))
    .default(
      all.map((value) => read(value)),
      all.join(','),
    );
}

export function oneOf(values) {
  const read = (value) => {
    if (!values.includes(value)) throw new RangeError(`There are: ${values.join(', ')}.`);
    return value;
  };
  return Object.assign(read, { values });
}

/** commander words an InvalidArgumentError as a mistake in the command line. */
export function refusable(read) {
  try {
    return read();
  } catch (error) {
    throw new InvalidArgumentError(error.message);
  }
}

export function whole(text) {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

export function wholeOrNone(text) {
  return text === '0' ? 0 : whole(text);
}

export function count(text) {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

export function positive(text) {
  if (Number(text) > 0 && Number(text) < Infinity) return Number(text);
  throw new InvalidArgumentError('Expected a number above 0.');
}
