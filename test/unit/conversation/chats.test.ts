import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../src/inference/index.js';
import { ChatStore, type OpenChat } from '../../../src/conversation/index.js';

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });
const TURN = [user('Hello?'), assistant('Hello.')];

let home: string;
let store: ChatStore;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-chats-'));
  store = new ChatStore(home, 'work');
});
const folderOf = (name: string): string => join(home, 'brains', 'work', 'chats', name);
const transcript = (name: string): string => join(folderOf(name), 'transcript.jsonl');
const say =
  (...messages: ChatMessage[]) =>
  (chat: OpenChat): Promise<void> =>
    chat.add(messages);
const heard = (name?: string): Promise<ChatMessage[]> =>
  store.resume(name, (chat) => Promise.resolve([...chat.messages]));

describe('a chat', () => {
  it('is there again with what was said, line by line on disk', async () => {
    await store.begin('ideas', async (chat) => {
      await chat.add(TURN);
      await chat.add([user('Grüße\n😀 "quoted"'), assistant('Ja.')]);
      expect(chat.messages).toHaveLength(4);
    });
    expect(await heard('ideas')).toEqual([...TURN, user('Grüße\n😀 "quoted"'), assistant('Ja.')]);
    expect(readFileSync(transcript('ideas'), 'utf8').trimEnd().split('\n')).toHaveLength(4);
    if (process.platform !== 'win32') expect(statSync(transcript('ideas')).mode & 0o077).toBe(0);
  });

  it('keeps calls of tools and what they gave, and passes over those that are none', async () => {
    const called: ChatMessage = {
      role: 'assistant',
      content: '',
      toolCalls: [{ id: 'abcdefghi', name: 'get_weather', arguments: { city: 'Lindau' } }],
    };
    const said = [user('Rain?'), called, { role: 'tool', content: '12 °C', toolCallId: 'abcdefghi' } as const];
    await store.begin('weather', say(...said, assistant('No.')));
    expect(await heard('weather')).toEqual([...said, assistant('No.')]);
    const wrong = [
      { role: 'assistant', content: '', toolCalls: [{ id: 'a', name: 'b', arguments: '{"city": "Lin' }] },
      { role: 'assistant', content: '', toolCalls: { id: 'a' } },
      { role: 'assistant', content: '', toolCalls: [null] },
      { role: 'tool', content: '12', toolCallId: 7 },
      { role: 'tool', content: null },
    ];
    appendFileSync(transcript('weather'), wrong.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await store.resume('weather', (chat) => {
      expect(chat.messages).toHaveLength(4);
      expect(chat.damagedLines).toBe(wrong.length);
      return Promise.resolve();
    });
  });

  it('gets a name of its own where none is given, also the second in a minute', async () => {
    const names = [];
    for (let i = 0; i < 2; i++) {
      names.push(
        await store.begin(undefined, async (chat) => {
          await chat.add(TURN);
          return chat.name;
        }),
      );
    }
    expect(names[0]).toMatch(/^\d{4}-\d\d-\d\d-\d{4}$/);
    expect(new Set(names).size).toBe(2);
  });

  it('in which nothing was said is not kept, and a name is taken once', async () => {
    await store.begin('empty', () => Promise.resolve());
    expect(existsSync(folderOf('empty'))).toBe(false);
    await store.begin('one', say(...TURN));
    await expect(store.begin('one', say(...TURN))).rejects.toMatchObject({ code: 'exists' });
    for (const name of ['../x', 'a/b', '', '.hidden', 'con']) {
      await expect(store.begin(name, say(...TURN))).rejects.toMatchObject({ code: 'usage' });
      await expect(store.resume(name, say(...TURN))).rejects.toMatchObject({ code: 'usage' });
    }
  });

  it('that is resumed is the newest unless one is named', async () => {
    await store.begin('old', say(user('old'), assistant('1')));
    await store.begin('new', say(user('new'), assistant('2')));
    utimesSync(transcript('old'), 1e9, 1e9);
    expect(await heard()).toContainEqual(user('new'));
    expect(await heard('old')).toContainEqual(user('old'));
    await store.resume('old', say(user('again'), assistant('3')));
    expect((await store.list()).map(({ name }) => name)).toEqual(['old', 'new']);
    await expect(store.resume('none', say())).rejects.toMatchObject({ code: 'not_found' });
    await expect(new ChatStore(home).resume(undefined, say())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('that was cleared begins anew and keeps the old words on disk', async () => {
    await store.begin('c', async (chat) => {
      await chat.add(TURN);
      await chat.clear();
      await chat.clear();
      await chat.add([user('Anew?'), assistant('Anew.')]);
    });
    expect(await heard('c')).toEqual([user('Anew?'), assistant('Anew.')]);
    expect(readFileSync(transcript('c'), 'utf8')).toContain('Hello?');
  });

  it('outlives lines that are damaged and one that a crash cut off', async () => {
    await store.begin('d', say(...TURN));
    appendFileSync(
      transcript('d'),
      'null\n{"role":"user"}\n{"role":"robot","content":"x"}\n\u0000\n{"role":"user","con',
    );
    await store.resume('d', async (chat) => {
      expect(chat.damagedLines).toBe(5);
      expect(chat.messages).toEqual(TURN);
      await chat.add([user('On?'), assistant('On.')]);
    });
    expect(await heard('d')).toEqual([...TURN, user('On?'), assistant('On.')]);
  });

  it('is one process’s at a time', async () => {
    await store.begin('mine', async (chat) => {
      await chat.add(TURN);
      const other = new ChatStore(home, 'work').remove('mine');
      await expect(Promise.race([other, Promise.resolve('waits')])).resolves.toBe('waits');
      other.catch(() => undefined);
      expect(existsSync(transcript('mine'))).toBe(true);
    });
  });

  it('loses what a process left that was killed while it saved the state', async () => {
    await store.begin('k', say(...TURN));
    const left = join(folderOf('k'), '.state.123-abc.tmp');
    writeFileSync(left, 'half');
    await heard('k');
    expect(existsSync(left)).toBe(false);
  });

  it('is removed with all it holds', async () => {
    await store.begin('r', say(...TURN));
    await store.remove('r');
    expect(existsSync(folderOf('r'))).toBe(false);
    await expect(store.remove('r')).rejects.toMatchObject({ code: 'not_found' });
    expect(await store.list()).toEqual([]);
  });

  it('is the same however the accents of its name are written', async () => {
    await store.begin('re\u0301sume\u0301', say(...TURN));
    expect(await heard('r\u00e9sum\u00e9')).toEqual(TURN);
    await store.remove('re\u0301sume\u0301');
    expect(await store.list()).toEqual([]);
  });
});

describe('the states of a home', () => {
  it('are bounded: the oldest go first, of every brain, and the transcripts stay', async () => {
    const other = new ChatStore(home, 'home');
    const states: string[] = [];
    for (const [i, [where, name]] of (
      [
        [store, 'a'],
        [other, 'b'],
        [store, 'c'],
      ] as const
    ).entries()) {
      await where.begin(name, async (chat) => {
        await chat.add(TURN);
        writeFileSync(chat.statePath, Buffer.alloc(1000));
        utimesSync(chat.statePath, 1e9 + i, 1e9 + i);
        states.push(chat.statePath);
      });
    }
    mkdirSync(join(home, 'brains', 'broken'));
    expect(await store.trimStates(3000)).toBe(0);
    expect(await store.trimStates(1500)).toBe(2000);
    expect(states.map((path) => existsSync(path))).toEqual([false, false, true]);
    expect(await store.trimStates(0)).toBe(1000);
    expect((await store.list()).map(({ name, stateBytes }) => [name, stateBytes])).toEqual(
      expect.arrayContaining([
        ['a', 0],
        ['c', 0],
      ]),
    );
  });
});
