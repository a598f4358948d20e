// The vector store, the message history, the tools and the shared Engram, with files in a temporary folder and fakes. Not here:
// the index (retrieval), the transcript (memory).
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BufferMemory, FolderLog } from '../../../src/index.js';
import { EngramChatMessageHistory, EngramVectorStore, forgetTool, memorizeTool } from '../../../src/langchain/index.js';
import { FakeEngram } from '../../fakes/engram.js';

/** Counts letters: texts with the same letters are near. */
class Letters extends Embeddings {
  constructor() {
    super({});
  }

  embedQuery(text: string): Promise<number[]> {
    const counts = new Array<number>(26).fill(0.01);
    for (const letter of text.toLowerCase().match(/[a-z]/g) ?? []) counts[letter.charCodeAt(0) - 97]! += 1;
    return Promise.resolve(counts);
  }

  embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }
}

/** Takes so many milliseconds for each call. */
class Slow extends Letters {
  constructor(private readonly waits: number[]) {
    super();
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    await new Promise((resolve) => setTimeout(resolve, this.waits.shift() ?? 0));
    return super.embedDocuments(texts);
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-langchain-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('EngramVectorStore', () => {
  const documents = [
    new Document({ id: 'a', pageContent: 'aaaa', metadata: { kind: 'x', n: 1 } }),
    new Document({ id: 'b', pageContent: 'aaab', metadata: { kind: 'y', n: 2 } }),
    new Document({ id: 'c', pageContent: 'zzzz', metadata: { kind: 'x', n: 3 } }),
  ];
  const contents = (found: { pageContent: string }[]): string[] => found.map(({ pageContent }) => pageContent);

  it('finds the nearest, also under a filter', async () => {
    const store = await EngramVectorStore.fromDocuments(documents, new Letters());
    expect(contents(await store.similaritySearch('aa', 2))).toEqual(['aaaa', 'aaab']);
    expect(contents(await store.similaritySearch('aa', 2, { kind: 'x' }))).toEqual(['aaaa', 'zzzz']);
    expect(contents(await store.similaritySearch('aa', 3, ({ metadata }) => metadata['n'] > 1))).toEqual([
      'aaab',
      'zzzz',
    ]);
    const [best] = await store.similaritySearchWithScore('aaaa', 1);
    expect(best?.[1]).toBeCloseTo(1, 3);
    expect(contents(await store.asRetriever({ k: 1, filter: { kind: 'y' } }).invoke('aa'))).toEqual(['aaab']);
    expect(await new EngramVectorStore(new Letters()).similaritySearch('aa')).toEqual([]);
  });

  it('prefers what is new to it in a search for marginal relevance', async () => {
    const store = await EngramVectorStore.fromDocuments(documents, new Letters());
    const found = await store.maxMarginalRelevanceSearch('aaz', { k: 2, lambda: 0.2 });
    expect(contents(found)).toContain('zzzz');
  });

  it('replaces what has the same id, and deletes by ids and by a filter', async () => {
    const store = await EngramVectorStore.fromDocuments(documents, new Letters());
    await store.addDocuments([new Document({ id: 'a', pageContent: 'qqqq', metadata: { kind: 'x' } })]);
    expect(store.size).toBe(3);
    expect(contents(await store.similaritySearch('aaaa', 1))).toEqual(['aaab']);
    await store.delete({ ids: ['b', 'nobody'] });
    await store.delete({ filter: { n: 3 } });
    expect(contents(await store.similaritySearch('a', 5))).toEqual(['qqqq']);
    await expect(store.delete()).rejects.toMatchObject({ code: 'usage' });
  });

  it('keeps the last of those that have one id, in one call and in several at once', async () => {
    const store = new EngramVectorStore(new Letters());
    const added = await store.addDocuments([documents[0]!, documents[2]!], { ids: ['dup', 'dup'] });
    expect(added).toEqual(['dup', 'dup']);
    expect(store.size).toBe(1);
    expect(contents(await store.similaritySearch('aaaa', 5))).toEqual(['zzzz']);

    // The first of these takes longest to embed.
    const slow = new Slow([30, 20, 1, 1]);
    const busy = new EngramVectorStore(slow);
    const texts = ['aaaa', 'bbbb', 'cccc'];
    await Promise.all(texts.map((pageContent) => busy.addDocuments([new Document({ id: 'one', pageContent })])));
    expect(busy.size).toBe(1);
    expect(contents(await busy.similaritySearch('a', 5))).toEqual(['cccc']);
    const gone = busy.addDocuments([new Document({ id: 'two', pageContent: 'dddd' })]);
    await Promise.all([gone, busy.delete({ ids: ['two'] }), busy.save(folder)]);
    const loaded = await EngramVectorStore.load(folder, new Letters(), { embedder: 'Slow' });
    expect(contents(await loaded.similaritySearch('a', 5))).toEqual(['cccc']);
  });

  it('goes on after an addition that failed', async () => {
    const store = await EngramVectorStore.fromDocuments(documents, new Letters());
    await expect(store.addVectors([[1, 2]], [documents[0]!])).rejects.toMatchObject({ code: 'usage' });
    await store.addDocuments([new Document({ id: 'd', pageContent: 'dddd' })]);
    expect(store.size).toBe(4);
  });

  it('is the same after it was saved and loaded, and again after a change', async () => {
    const store = await EngramVectorStore.fromTexts(['aaaa', 'bbbb'], [{ n: 1 }, { n: 2 }], new Letters());
    await store.save(folder);
    await store.addDocuments([new Document({ pageContent: 'cccc', metadata: {} })]);
    await store.save(folder);
    const loaded = await EngramVectorStore.load(folder, new Letters());
    expect(loaded.size).toBe(3);
    const [best] = await loaded.similaritySearch('bb', 1);
    expect(best).toMatchObject({ pageContent: 'bbbb', metadata: { n: 2 } });
    expect(readdirSync(folder).filter((name) => name.startsWith('documents-'))).toHaveLength(1);
  });

  it('refuses a folder that is none of its own, damaged documents, and other embeddings', async () => {
    await expect(EngramVectorStore.load(folder, new Letters())).rejects.toMatchObject({ code: 'not_found' });
    const store = await EngramVectorStore.fromTexts(['aaaa'], {}, new Letters());
    await store.save(folder);
    await expect(EngramVectorStore.load(folder, new Letters(), { embedder: 'other' })).rejects.toMatchObject({
      code: 'mismatch',
    });
    const name = readdirSync(folder).find((some) => some.startsWith('documents-'))!;
    for (const text of ['{"label":0}\n', 'no json\n', '']) {
      writeFileSync(join(folder, name), text);
      await expect(EngramVectorStore.load(folder, new Letters())).rejects.toMatchObject({ code: 'corrupt' });
    }
    // A store of somebody who then begins anew does not take its place.
    const other = await EngramVectorStore.fromTexts(['bbbb'], {}, new Letters());
    const before = readdirSync(folder).sort();
    await expect(other.save(folder)).rejects.toMatchObject({ code: 'corrupt' });
    expect(readdirSync(folder).sort()).toEqual(before);
    // Its own, in memory, is whole.
    await store.save(folder);
    expect((await EngramVectorStore.load(folder, new Letters())).size).toBe(1);
    await expect(new EngramVectorStore(new Letters()).save(folder)).rejects.toMatchObject({ code: 'empty' });
  });

  it('refuses vectors that do not fit their documents', async () => {
    const store = await EngramVectorStore.fromTexts(['aaaa'], {}, new Letters());
    await expect(store.addVectors([[1, 2]], [documents[0]!])).rejects.toMatchObject({ code: 'usage' });
    await expect(store.addVectors([], [documents[0]!])).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('EngramChatMessageHistory', () => {
  it('keeps what was said for the next one of that name', async () => {
    const fields = { chat: 'tea', home: folder };
    const history = new EngramChatMessageHistory(fields);
    expect(await history.getMessages()).toEqual([]);
    await history.addMessages([new SystemMessage('Be brief.'), new HumanMessage('清蒸鲈鱼')]);
    await history.addAIMessage('A fish.');
    const again = await new EngramChatMessageHistory(fields).getMessages();
    expect(again.map(({ type, content }) => [type, content])).toEqual([
      ['system', 'Be brief.'],
      ['human', '清蒸鲈鱼'],
      ['ai', 'A fish.'],
    ]);
    await history.clear();
    expect(await history.getMessages()).toEqual([]);
    await history.addMessage(new AIMessage('Anew.'));
    expect(await history.getMessages()).toHaveLength(1);
  });

  it('keeps calls of tools and what they gave, which memories do not take for something said', async () => {
    const call = { id: 'abcdefghi', name: 'get_weather', args: { city: 'Lindau' } };
    const history = new EngramChatMessageHistory({ chat: 'weather', home: folder });
    await history.addMessages([
      new HumanMessage('Rain?'),
      new AIMessage({ content: '', tool_calls: [call] }),
      new ToolMessage({ content: '12 °C', tool_call_id: 'abcdefghi' }),
      new AIMessage('No.'),
    ]);
    const [, asked, gave] = await new EngramChatMessageHistory({ chat: 'weather', home: folder }).getMessages();
    expect(asked).toMatchObject({ content: '', tool_calls: [call] });
    expect(gave).toMatchObject({ content: '12 °C', tool_call_id: 'abcdefghi' });
    const memory = new BufferMemory({ log: FolderLog.ofChat(folder, 'default', 'weather') });
    expect(await memory.load()).toEqual({ history: 'Human: Rain?\nAI: No.' });
  });

  it('refuses a name that cannot be one', async () => {
    await expect(new EngramChatMessageHistory({ chat: '../x', home: folder }).getMessages()).rejects.toMatchObject({
      code: 'usage',
    });
  });
});

describe('the tools', () => {
  it('memorize replies as that of LangChain does, or says why nothing was kept', async () => {
    const fake = new FakeEngram();
    const memorize = memorizeTool(fake);
    expect(memorize.name).toBe('memorize');
    expect(await memorize.invoke('The kiln is hot.')).toBe('Train complete. Loss: 0.125');
    expect(await memorize.invoke({ input: 'Mara runs it.' })).toBe('Train complete. Loss: 0.125');
    expect(await memorize.invoke('Who?')).toBe('Nothing was remembered: it is not recalled reliably');
    expect(fake.memorized).toEqual(['The kiln is hot.', 'Mara runs it.', 'Who?']);
  });

  it('forget says what it took away', async () => {
    const fake = new FakeEngram();
    expect(await forgetTool(fake).invoke('the kiln')).toBe('Forgotten: the kiln');
    expect(fake.forgotten).toEqual(['the kiln']);
  });
});
