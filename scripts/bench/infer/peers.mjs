// Whom engram's generation is compared with: { about, bench } or { about, engine }, or { about: { why } } for one that is not
// wanted or cannot be had here.
import { readFileSync } from 'node:fs';
import { at } from '../../set-up/paths.mjs';
import { note } from '../../set-up/progress.mjs';
import { throwIfInterrupted } from '../child.mjs';
import { buildLlama } from '../llama-build.mjs';
import { reasonOf } from '../peers.mjs';
import { LlamaBench } from './llama-bench.mjs';

export const PEERS = ['llama-bench', 'node-llama-cpp'];

/** @param {string[]} wanted of PEERS; builds llama-bench if that has not been done. */
export async function findPeers(wanted, model) {
  return {
    llamaBench: wanted.includes('llama-bench') ? await findLlamaBench(model) : { about: { why: 'not asked for' } },
    nodeLlamaCpp: wanted.includes('node-llama-cpp') ? findNodeLlamaCpp() : { about: { why: 'not asked for' } },
  };
}

async function findLlamaBench(model) {
  try {
    const { path, version } = await buildLlama('llama-bench');
    return { about: { version, build: 'Release, GGML_NATIVE' }, bench: new LlamaBench(path, model) };
  } catch (error) {
    throwIfInterrupted();
    const why = reasonOf(error);
    note(`Without llama-bench: ${why}`);
    return { about: { why } };
  }
}

function findNodeLlamaCpp() {
  const { version } = JSON.parse(readFileSync(at('node_modules', 'node-llama-cpp', 'package.json'), 'utf8'));
  return { about: { version }, engine: 'node-llama-cpp' };
}
