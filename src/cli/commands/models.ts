// `engram models`: the models of the catalog and what is installed of them.
import type { ModelStatus } from '../../index.js';
import type { CommandGroup } from '../command.js';
import { bytes, describe, table } from '../format/index.js';

export const models: CommandGroup = {
  usage: 'models',
  summary: 'the models engram knows: list, pull, show, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list them, which are installed, and what of each fits this machine',
      isDefault: true,
      notes: [
        'Memory is an estimate of what the process takes to chat and memorize; what fits is told by all memory of the machine,',
        'a container’s limit included. --model auto takes the largest installed one that can memorize here.',
      ],
      run: async (job) => {
        const found = (await (await job.open()).models.list()).map(summary);
        const rows = found.map(({ name, role, bytes: size, memory, installed, licence }) => {
          const needed = [bytes(memory.trainingBytes), inWords(role, memory)];
          return [name, role, bytes(size), ...needed, installed ? 'yes' : '', licence];
        });
        job.line(table(['name', 'role', 'size', 'memory', 'fits for', 'installed', 'licence'], rows));
        job.value(found);
        return undefined;
      },
    },
    {
      usage: 'pull <name>',
      summary: 'fetch one and verify it; goes on where an earlier try ended',
      run: async (job, [name]) => {
        const pulled = await (
          await job.open()
        ).models.pull(name!, {
          signal: job.signal,
          environment: job.world.env,
          onWait: () => {
            job.note(`Another process is fetching ${name!}; waiting for it.`);
          },
          onProgress: ({ file, source, receivedBytes, totalBytes }) => {
            const detail = `${bytes(receivedBytes)} of ${bytes(totalBytes)}, ${source}`;
            job.progress.show(`Fetching ${file}`, detail, receivedBytes / Math.max(1, totalBytes));
          },
        });
        job.line(pulled.fetched ? `Installed ${pulled.name}.` : `${pulled.name} is installed already.`);
        if (pulled.unverified.length > 0) {
          job.note(`The catalog has no hash for ${pulled.unverified.join(', ')}: taken as it came.`);
        }
        job.value(pulled);
        return undefined;
      },
    },
    {
      usage: 'show <name-or-path>',
      summary: 'what a model or a GGUF file is, and the memory it needs',
      run: async (job, [name]) => {
        const details = await (await job.open()).models.show(name!);
        job.line(describe(details));
        job.value(details);
        return undefined;
      },
    },
    {
      usage: 'rm <name>',
      summary: 'delete an installed one',
      run: async (job, [name]) => {
        const freedBytes = await (await job.open()).models.remove(name!);
        job.line(`Removed ${name!}: ${bytes(freedBytes)} freed.`);
        job.value({ removed: name, freedBytes });
        return undefined;
      },
    },
  ],
};

interface ModelSummary {
  name: string;
  description: string;
  role: string;
  parameters: number;
  licence: string;
  bytes: number;
  installed: boolean;
  folder: string;
  memory: ModelStatus['memory'];
}

function inWords(role: string, { fits }: ModelStatus['memory']): string {
  if (!fits.answering) return 'too large';
  if (role === 'embedding') return 'embed';
  return fits.training ? 'chat, memorize' : 'chat';
}

function summary({ entry, installed, folder, memory }: ModelStatus): ModelSummary {
  const { name, description, role, parameters, licence, files } = entry;
  const size = files.reduce((sum, file) => sum + file.bytes, 0);
  return { name, description, role, parameters, licence, bytes: size, installed, folder, memory };
}
