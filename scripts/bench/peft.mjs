// PEFT's step on the CPU: its Python environment, the model as it loads it, and its process for one shape.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { phase } from '../set-up/progress.mjs';
import { run } from '../set-up/run.mjs';
import { cached } from './cache.mjs';
import { examplesOf } from './shapes.mjs';
import { Subject } from './subject.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const HINT = 'Name an interpreter that has scripts/bench/requirements.txt installed with --python PATH.';

/** A Python with PEFT: the given one, or one in the cache, made on first use. Throws if it cannot be had. */
export async function findPython(given) {
  const python = given ?? (await environment());
  await run(python, ['-c', 'import gguf, peft, torch, transformers'], { hint: HINT });
  return python;
}

async function environment() {
  const inside = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const folder = await cached('python', (path) =>
    phase('Installing PyTorch and PEFT, once', async () => {
      await run(process.env.PYTHON ?? 'python3', ['-m', 'venv', path], { hint: HINT });
      await run(join(path, ...inside), ['-m', 'pip', 'install', '-r', here('requirements.txt')], { hint: HINT });
    }),
  );
  return join(folder, ...inside);
}

/** The model of a GGUF as a peer reads it (see peer_models.py), made on first use. */
export function peerModel(python, peer, { path, sha256 }) {
  const name = `${sha256.slice(0, 12)}${{ transformers: '', qvac: '.qwen3.gguf' }[peer]}`;
  return cached(name, (destination) =>
    phase(`Writing the model as ${peer} reads it, once`, () =>
      run(python, [here('peer_models.py'), peer, path, destination]),
    ),
  );
}

/** Starts a process that takes PEFT's step over one shape; `dtype` is float32 or bfloat16. */
export function startPeft({ python, folder }, vocabularySize, shape, { threads, dtype }, limitMs) {
  const message = { model: folder, dtype, threads, examples: examplesOf(shape, vocabularySize) };
  return Subject.start('PEFT', python, [here('peft_step.py')], message, limitMs);
}
