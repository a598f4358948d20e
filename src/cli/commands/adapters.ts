// `engram adapters`: the named adapters that train made or that came from elsewhere. Not here: the adapters of memories.
import type { CommandGroup } from '../command.js';
import { bytes, table } from '../format/index.js';
import { choiceOf, stringOf } from '../input.js';
import { fuse, merge, shrink } from './combine.js';

export const adapters: CommandGroup = {
  usage: 'adapters',
  summary: 'the adapters that train made or that were imported: list, import, export, merge, shrink, fuse, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list them',
      isDefault: true,
      run: async (job) => {
        const { adapters: found, broken } = await (await job.open()).adapters.list();
        const rows = found.map(({ name, bytes: size, manifest }) => {
          return [name, manifest.base.name, `${manifest.rank}`, bytes(size), manifest.createdAt.slice(0, 10)];
        });
        job.line(rows.length === 0 ? 'There are none.' : table(['name', 'model', 'rank', 'size', 'since'], rows));
        for (const { name, problem } of broken) job.note(`${name} cannot be read: ${problem}`);
        job.value({ adapters: found, broken });
        return undefined;
      },
    },
    {
      usage: 'import <path>',
      summary: 'store an adapter made elsewhere: a PEFT folder, or a GGUF file',
      required: ['name'],
      options: [
        ['--name <name>', 'name of the new adapter (required)'],
        ['--replace', 'replace an adapter of that name'],
      ],
      examples: ['engram adapters import ./my-lora --name style', 'engram ask --adapter style "…"'],
      notes: [
        'It must fit the model that is named with --model: every matrix is checked. What llama.cpp cannot hold is refused by its',
        'name: DoRA, biases, whole modules (modules_to_save), adapted embeddings.',
      ],
      run: async (job, [path], options) => {
        const request = { name: stringOf(options, 'name')!, replace: options['replace'] === true };
        const engine = await job.open();
        const result = await engine.adapters.import(path!, { ...request, signal: job.signal });
        const { adapter, saysBase } = result;
        const { rank, base } = adapter.manifest;
        job.line(`Imported ${adapter.name}: rank ${rank}, ${bytes(adapter.bytes)}, for ${base.name}.`);
        if (saysBase !== undefined) job.note(`It says it was trained on ${saysBase}; its matrices fit ${base.name}.`);
        job.value(result);
        return undefined;
      },
    },
    {
      usage: 'export <name>',
      summary: 'write one as a GGUF file or a PEFT folder',
      options: [
        ['--format <kind>', 'gguf or peft (default: gguf)'],
        ['--out <folder>', 'where to (default: here)'],
      ],
      examples: ['engram adapters export tone --format peft --out ./tone'],
      run: async (job, [name], options) => {
        const format = choiceOf(options, 'format', '--format', ['gguf', 'peft']) ?? 'gguf';
        const files = await (await job.open()).adapters.export(name!, format, stringOf(options, 'out') ?? '.');
        for (const file of files) job.line(file);
        job.value({ adapter: name, format, files });
        return undefined;
      },
    },
    merge,
    shrink,
    fuse,
    {
      usage: 'rm <name>',
      summary: 'delete one',
      run: async (job, [name]) => {
        await (await job.open()).adapters.remove(name!);
        job.line(`Removed ${name!}.`);
        job.value({ removed: name });
        return undefined;
      },
    },
  ],
};
