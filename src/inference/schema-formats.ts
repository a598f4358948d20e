// Formats of texts that a JSON schema may ask for, as grammars whose every text is one. What zod writes beside a format as a pattern
// is let be where our texts match it. Not here: other patterns (regex-grammar.ts).
import { runInNewContext } from 'node:vm';

export interface Format {
  /** GBNF of what stands in the quotes. */
  grammar: string;
  /** Characters. */
  least: number;
  most: number;
  /** Texts of it that differ in all that may differ. */
  samples: readonly string[];
}

const LEAP = '(([0-9] [0-9] ("0" [48] | [2468] [048] | [13579] [26])) | ([02468] [048] | [13579] [26]) "00")';
const THIRTY_ONE = '("0" [13578] | "1" [02]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])';
const THIRTY = '("0" [469] | "11") "-" ("0" [1-9] | [12] [0-9] | "30")';
const FEBRUARY = '"02-" ("0" [1-9] | "1" [0-9] | "2" [0-8])';
const DATE = `([0-9]{4} "-" (${THIRTY_ONE} | ${THIRTY} | ${FEBRUARY}) | ${LEAP} "-02-29")`;
const TIME = '("0" [0-9] | "1" [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{3})? "Z"';
const HEX = '[0-9a-f]';
const BYTE = '("25" [0-5] | "2" [0-4] [0-9] | "1" [0-9] [0-9] | [1-9] [0-9] | [0-9])';
const LABEL = '[a-zA-Z0-9] ([a-zA-Z0-9-]{0,30} [a-zA-Z0-9])?';
const HOST = `${LABEL} ("." ${LABEL}){0,3} "." [a-z]{2,10}`;
const days = ['2026-01-31', '2024-02-29', '1999-11-30', '2000-02-28', '2000-02-29'];

/** By name. Years are of four digits, times in UTC, UUIDs of version 4. */
export const FORMATS: Readonly<Record<string, Format>> = {
  date: { grammar: DATE, least: 10, most: 10, samples: days },
  time: { grammar: TIME, least: 9, most: 13, samples: ['00:00:00Z', '23:59:59.999Z'] },
  'date-time': {
    grammar: `${DATE} "T" ${TIME}`,
    least: 20,
    most: 24,
    samples: days.flatMap((day) => [`${day}T00:00:00Z`, `${day}T23:59:59.999Z`]),
  },
  duration: {
    grammar:
      '"P" ([1-9] [0-9]{0,3} "D" ("T" [1-9] [0-9]{0,3} [HMS])? | "T" [1-9] [0-9]{0,3} [HMS] | [1-9] [0-9]{0,3} "W")',
    least: 3,
    most: 12,
    samples: ['P1D', 'P9999DT1H', 'PT20M', 'PT3000S', 'P2W'],
  },
  uuid: {
    grammar: `${HEX}{8} "-" ${HEX}{4} "-4" ${HEX}{3} "-" [89ab] ${HEX}{3} "-" ${HEX}{12}`,
    least: 36,
    most: 36,
    samples: ['0a1b2c3d-4e5f-4789-8abc-def012345678', 'ffffffff-ffff-4fff-bfff-ffffffffffff'],
  },
  email: {
    grammar: `[a-zA-Z0-9] ([a-zA-Z0-9_-]{0,20} [a-zA-Z0-9])? ("." [a-zA-Z0-9] ([a-zA-Z0-9_-]{0,16} [a-zA-Z0-9])?)? "@" ${LABEL} "." [a-z]{2,10}`,
    least: 6,
    most: 85,
    samples: ['a@b.co', 'Ann_O-x1.Li_l3@Post-1.example', 'x.y@9a.museum'],
  },
  hostname: {
    grammar: HOST,
    least: 4,
    most: 142,
    samples: ['a.de', 'www.Post-1.example.org', '9.a-b.c.museum'],
  },
  ipv4: {
    grammar: `${BYTE} "." ${BYTE} "." ${BYTE} "." ${BYTE}`,
    least: 7,
    most: 15,
    samples: ['0.0.0.0', '255.249.199.99', '10.1.20.200'],
  },
  ipv6: {
    grammar: `${HEX}{1,4} (":" ${HEX}{1,4}){7}`,
    least: 15,
    most: 39,
    samples: ['0:1:2:3:4:5:6:7', 'ffff:0000:12ab:9:0:fe80:abc:d'],
  },
  uri: {
    grammar: `"http" "s"? "://" ${HOST} ("/" [a-zA-Z0-9._~-]{1,40}){0,8} ("?" [a-zA-Z0-9._~=&-]{1,60})?`,
    least: 11,
    most: 539,
    samples: ['http://a.de', 'https://www.Post-1.example.org/a.b/c_d~e?x=1&y-2=z'],
  },
};

/** Milliseconds for a pattern to match our samples: far more than any takes that ends, on a busy machine too. */
const MATCHING_MS = 3000;

/** Whether every text of a format matches a pattern, as far as its samples tell. */
export function fits({ samples }: Format, pattern: string): boolean {
  try {
    // A pattern comes from a user and can be made to take for ever.
    const code = 'samples.every((sample) => new RegExp(pattern).test(sample))';
    return runInNewContext(code, { samples: [...samples], pattern }, { timeout: MATCHING_MS }) === true;
  } catch {
    return false;
  }
}
