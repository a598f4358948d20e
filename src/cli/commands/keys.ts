// `engram keys`: who may use the server. Not here: what keys are (server/keys.ts).
import { EngramError } from '../../errors.js';
import type { CommandGroup, CommandSpec } from '../command.js';
import { choiceOf } from '../input.js';
import type { Job } from '../job.js';

const SCOPES = ['chat', 'remember', 'admin'] as const;

const store = async ({ settings }: Job) => new (await import('../../server/index.js')).KeyStore(settings.home);

const create: CommandSpec = {
  usage: 'create <name>',
  summary: 'make a key and print it, once',
  options: [
    [
      '--scope <scope>',
      'chat: ask; remember: also teach, forget and upload; admin: also train and delete (default: chat)',
    ],
  ],
  examples: ['engram keys create phone', 'engram keys create agent --scope remember'],
  run: async (job, [name], options) => {
    const scope = choiceOf(options, 'scope', '--scope', SCOPES) ?? 'chat';
    const { key, record } = await (await store(job)).create(name!, scope);
    job.line(key);
    job.note('It is not shown again: what is kept of it is a hash.');
    job.value({ id: record.id, name: record.name, scope, key });
    return undefined;
  },
};

const list: CommandSpec = {
  usage: 'list',
  summary: 'list the keys, without what they are',
  isDefault: true,
  run: async (job) => {
    const keys = (await (await store(job)).list()).map(({ id, name, scope, createdAt }) => ({
      id,
      name,
      scope,
      createdAt,
    }));
    if (keys.length === 0) job.line('There is no key. Make one with: engram keys create NAME');
    for (const { id, name, scope, createdAt } of keys)
      job.line(`${id}  ${scope.padEnd(8)}  ${createdAt.slice(0, 10)}  ${name}`);
    job.value(keys);
    return undefined;
  },
};

const revoke: CommandSpec = {
  usage: 'revoke <key>',
  summary: 'take a key back, by its name or id; it is refused from then on',
  run: async (job, [name]) => {
    if (name === undefined) throw new EngramError('usage', 'Which key?');
    const { id, name: revoked } = await (await store(job)).revoke(name);
    job.line(`${revoked} (${id}) is refused from now on.`);
    job.value({ id, name: revoked });
    return undefined;
  },
};

export const keys: CommandGroup = {
  usage: 'keys',
  summary: 'make, list and revoke the keys of the server',
  commands: [create, list, revoke],
};
