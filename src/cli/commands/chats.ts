// `engram chats`: the conversations that chat has kept. Not here: going on with one (`chat --resume`).
import type { CommandGroup } from '../command.js';
import { bytes, excerpt, table } from '../format/index.js';

export const chats: CommandGroup = {
  usage: 'chats',
  summary: 'the conversations that were kept: list, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list those of the brain, newest first; chat --resume NAME goes on with one',
      isDefault: true,
      run: async (job) => {
        const found = await (await job.open()).chats.list();
        const rows = found.map(({ name, messages, title, updatedAt, stateBytes }) => {
          const state = stateBytes === 0 ? '-' : bytes(stateBytes);
          return [name, String(messages), state, updatedAt.slice(0, 16).replace('T', ' '), excerpt(title)];
        });
        job.line(rows.length === 0 ? 'There are none.' : table(['chat', 'messages', 'state', 'last', 'begins'], rows));
        job.value(found);
        return undefined;
      },
    },
    {
      usage: 'rm <chat>',
      summary: 'delete one: its transcript and its state',
      run: async (job, [name]) => {
        await (await job.open()).chats.remove(name!);
        job.line(`Removed ${name!}.`);
        job.value({ removed: name });
        return undefined;
      },
    },
  ],
};
