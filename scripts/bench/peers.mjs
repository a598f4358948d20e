// Whom engram is compared with, made ready once: { about, … } with what a row needs, or { about: { why } } for one that cannot
// be had here.
import { note } from '../set-up/progress.mjs';
import { throwIfInterrupted } from './child.mjs';
import { findPython, peerModel } from './peft.mjs';
import { installQvac, QVAC } from './qvac.mjs';

const DTYPES = ['float32', 'bfloat16'];

/** @param {{ peers: string[], python?: string }} options */
export async function findPeers({ peers, python: given }, model) {
  const find = async (name, how) => {
    if (!peers.includes(name)) return { about: { why: 'not asked for' }, isAsked: false };
    try {
      return await how();
    } catch (error) {
      throwIfInterrupted();
      const why = reasonOf(error);
      note(`Without ${name}: ${why}`);
      return { about: { why } };
    }
  };
  let python;
  const needPython = async () => (python ??= await findPython(given));
  return {
    peft: await find('peft', async () => {
      const folder = await peerModel(await needPython(), 'transformers', model);
      // `dtypes` shrinks to those that are worth another try.
      return { about: {}, python, folder, dtypes: DTYPES };
    }),
    qvac: await find('qvac', async () => {
      const path = await peerModel(await needPython(), 'qvac', model);
      const about = { versions: QVAC, model: 'the same sizes as a Qwen3, Q8_0' };
      return { about, folder: await installQvac(), path };
    }),
  };
}

/** A tool that failed comes with all it said, a blank line, and what to do; its last line is the reason. */
export function reasonOf({ message }) {
  const [said, ...advice] = message.split('\n\n');
  return [said.trim().split('\n').at(-1), ...advice].join(' ').replaceAll('\n', ' ');
}
