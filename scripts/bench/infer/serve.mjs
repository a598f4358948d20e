// The child's side of child.mjs: every line of stdin is a request, answered with one line of JSON.
import { createInterface } from 'node:readline';

/** Answers until stdin closes. `open` gets the first line and returns `{ about, actions, close }`: the answer to it, and
 * what to do for a request `{ do: <name>, … }`. */
export async function serve(open) {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const say = (answer) => process.stdout.write(`${JSON.stringify(answer ?? {})}\n`);
  try {
    const { about, actions, close } = await open(JSON.parse((await lines.next()).value));
    say(about);
    for await (const line of lines) {
      const { do: name, ...request } = JSON.parse(line);
      say(await actions[name](request));
    }
    await close();
  } catch (error) {
    process.stderr.write(`${error.message.replaceAll('\n', ' ')}\n`);
    process.exitCode = 1;
  }
}
