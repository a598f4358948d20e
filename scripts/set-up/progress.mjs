// What set-up says while it works: one line per phase with the seconds it took, on stderr, so that stdout carries only what
// the program itself prints. In a terminal the line is live; elsewhere it is written at the start, at the end, and now and
// then in between.

const LIVE_MS = 250;
const PLAIN_MS = 20_000;

/** Runs `work(update)`; `update(text)` says how far it is, e.g. `48 of 98 MB`. Nothing is printed for a phase of under half
 * a second in a terminal, where it would only flicker. */
export async function phase(title, work) {
  const out = process.stderr;
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  let detail = '';
  const line = () => `${title} ${detail === '' ? '' : `(${detail}) `}… ${seconds()}`;
  const show = () => {
    if (out.isTTY) out.write(`\r\x1b[K${line().slice(0, (out.columns ?? 80) - 1)}`);
    else out.write(`${line()}\n`);
  };
  if (!out.isTTY) out.write(`${title} …\n`);
  const timer = setInterval(show, out.isTTY ? LIVE_MS : PLAIN_MS);
  const finish = (how) => {
    clearInterval(timer);
    out.write(`${out.isTTY ? '\r\x1b[K' : ''}${title}: ${how} in ${seconds()}\n`);
  };
  try {
    const result = await work((text) => {
      detail = text;
    });
    finish('done');
    return result;
  } catch (error) {
    finish('failed');
    throw error;
  }
}

/** A remark beside the phases. */
export function note(text) {
  process.stderr.write(`${text}\n`);
}
