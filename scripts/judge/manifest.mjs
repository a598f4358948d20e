// Makes trained adapters a judge that ships: their mean (a model soup, Wortsman et al. 2022, which errs less than each and costs no
// more than one), cut to a rank by its singular values. models/judges/NAME.gguf in F16, and NAME.json with what it was made from and
// for. Its weights are put there by measure.mjs --write.
// node scripts/judge/manifest.mjs --model NAME --training LOG... [--rank N]
// `--training`: what train.mjs printed, each ends with a line of JSON that names its adapter.
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
    training: { type: 'string', multiple: true },
    model: { type: 'string' },
    rank: { type: 'string', default: '6' },
  },
});
const settings = readSettings({ model: given.model });
const { path, name } = await ensureModel(settings, given.model, 'chat');
const members = given.training.map((log) => JSON.parse(readFileSync(log, 'utf8').trim().split('\n').at(-1)));
const base = await openBaseModel(path);
const rank = Number(given.rank);
const adapter = `${members[0].out}.rank${rank}`;
const parts = members.map(({ out }) => ({ path: out, weight: 1 / members.length }));
const { alpha } = await loadAddon().mergeAdapters(parts, adapter, findGgml(), { rank, budget: 0 }, () => true);
const layers = members.map(({ lora }) => lora.layers);
const ends = [Math.min(...layers.map(([first]) => first)), Math.max(...layers.map(([, last]) => last))];
const lora = { ...members[0].lora, rank, alpha, layers: ends };
const trainer = base.newTrainer(lora);
await trainer.load(adapter);
const file = new URL(`../../models/judges/${name}.gguf`, import.meta.url).pathname;
await trainer.save(file, { type: 'f16' });
if (statSync(file).size > MOST) throw new Error(`${file} has more than ${MOST} bytes.`);
const sha256 = (of) => createHash('sha256').update(readFileSync(of)).digest('hex');
const manifest = {
  models: [{ name, sha256: sha256(path) }],
  sha256: sha256(file),
  lora,
  members: members.map(({ out: _, ...training }) => training),
};
writeFileSync(file.replace(/\.gguf$/, '.json'), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(file, statSync(file).size);
process.exit(0);
