// Makes a trained adapter a judge that ships: models/judges/NAME.gguf in F16, and NAME.json with what it was made from and for. Its
// weights are put there by measure.mjs --write.
// node scripts/judge/manifest.mjs --adapter FILE --training FILE --model NAME [--rank N]
// `--training`: what train.mjs printed last, as JSON. `--rank`: cut to it by its singular values, where it would be too large.
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findGgml, openBaseModel } from '../../dist/training/index.js';
import { loadAddon } from '../../dist/training/native.js';
import { readSettings } from '../../dist/cli/options.js';
import { ensureModel } from '../../dist/models/index.js';

/** Bytes. */
const MOST = 4 * 2 ** 20;
const { values: given } = parseArgs({
  options: {
    ...{ adapter: { type: 'string' }, training: { type: 'string' } },
    model: { type: 'string' },
    rank: { type: 'string' },
  },
});
const settings = readSettings({ model: given.model });
const { path, name } = await ensureModel(settings, given.model, 'chat');
const { out: _, ...training } = JSON.parse(readFileSync(given.training, 'utf8').trim().split('\n').at(-1));
const base = await openBaseModel(path);
let adapter = given.adapter;
if (given.rank !== undefined) {
  const rank = Number(given.rank);
  adapter = `${given.adapter}.rank${rank}`;
  const whole = [{ path: given.adapter, weight: 1 }];
  const { alpha } = await loadAddon().mergeAdapters(whole, adapter, findGgml(), { rank, budget: 0 }, () => true);
  training.trainedRank = training.lora.rank;
  training.lora = { ...training.lora, rank, alpha };
}
const trainer = base.newTrainer(training.lora);
await trainer.load(adapter);
const file = new URL(`../../models/judges/${name}.gguf`, import.meta.url).pathname;
await trainer.save(file, { type: 'f16' });
if (statSync(file).size > MOST) throw new Error(`${file} has more than ${MOST} bytes.`);
const sha256 = (of) => createHash('sha256').update(readFileSync(of)).digest('hex');
const manifest = { models: [{ name, sha256: sha256(path) }], sha256: sha256(file), ...training };
writeFileSync(file.replace(/\.gguf$/, '.json'), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(file, statSync(file).size);
process.exit(0);
