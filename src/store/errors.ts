// What can go wrong with a database, in our words and with what to do about it. Not here: conflicts of two writers (events.ts).
import { EngramError, type ErrorCode } from '../errors.js';

/** The server is away, shut down, crashed, starting, full of clients, or has ended a transaction that was idle. */
const AWAY =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|08\w{3}|57P0[1235]|53300|25P03)$/;
/** What the driver says without a code. */
const BROKEN =
  /connection (terminated|timeout)|timeout (exceeded|expired)|read timeout|connection error|not queryable/i;

type Said = readonly [code: ErrorCode, what: string, hint: string];

/** By SQLSTATE. */
const STATES: readonly (readonly [RegExp, Said])[] = [
  [
    /^28/,
    [
      'usage',
      'refused this user or password',
      'Set PGPASSWORD, or give both in ENGRAM_STORE: postgres://user:password@host/db',
    ],
  ],
  [/^3D000$/, ['usage', 'does not exist on its server', 'Make it: createdb NAME']],
  [
    /^42501$/,
    [
      'usage',
      'does not allow this to your role',
      'The owner of the database sets it up by using it once, and grants the role that ?tenant= names to its members.',
    ],
  ],
  [
    /^(0LP01|22023)$/,
    ['usage', 'has no such tenant', 'A tenant is a role of the database: CREATE ROLE team; GRANT team TO mara;'],
  ],
  [/^25006$/, ['usage', 'can only be read', 'Name the primary server, not one of its standbys.']],
  [/^53100$/, ['disk', 'has no room on its disk', 'Make some, then try again: nothing was committed.']],
  [/^53/, ['network', 'has no resources left', 'Try again later.']],
  [/^(40|55P03|57014)/, ['locked', 'is in use by others for too long', 'Try again.']],
  [
    /^(42P01|42703|42883|3F000|42P10)$/,
    ['corrupt', 'has tables that are not those engram made', 'Restore it from a backup, or name an empty database.'],
  ],
];

/** Makes an error of ours out of one of the database or its driver. `place`: as people know it, without a password. */
export function translate(error: unknown, place: string): unknown {
  if (error instanceof EngramError || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const said = (kind: ErrorCode, what: string, hint: string): EngramError =>
    new EngramError(kind, `The store ${place} ${what}: ${reasonOf(error)}`, {
      hint,
      cause: error,
      details: { place, ...(code === '' ? {} : { sqlState: code }) },
    });
  if (AWAY.test(code) || BROKEN.test(error.message)) {
    return said('network', 'cannot be reached', 'See whether its server runs and the address is right.');
  }
  const known = STATES.find(([states]) => states.test(code))?.[1];
  if (known !== undefined) return said(...known);
  if (/password must be a string|SASL/i.test(error.message)) return said(...STATES[0]![1]);
  if (/SSL|certificate/i.test(error.message)) {
    return said(
      'usage',
      'could not be spoken to in secret',
      'Write sslmode=disable into the address, or see to the certificate of the server.',
    );
  }
  return said('internal', 'answered with an error', 'This should not have happened. --verbose shows more.');
}

/** Node puts the reasons of several addresses into one error without a message. */
function reasonOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  const text = (first ?? error).message;
  return text.endsWith('.') ? text : `${text}.`;
}
