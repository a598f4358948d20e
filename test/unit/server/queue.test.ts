import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FairQueue } from '../../../src/server/queue.js';
import { eventsOf, startServer, type TestServer } from '../../support/server.js';

const BRAIN = '/engram/v1/brains/work';

describe('a fair queue', () => {
  it('lets each caller have a turn before anybody has a second one', async () => {
    const queue = new FairQueue(1, 32);
    const order: string[] = [];
    const turn = (caller: string) =>
      queue.run({ caller }, async () => {
        order.push(caller);
        await sleep(1);
      });
    await Promise.all(['a', 'a', 'a', 'a', 'b', 'b', 'c'].map(turn));
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a', 'a']);
  });

  it('runs so many at once and refuses who finds no place', async () => {
    const queue = new FairQueue(2, 3);
    let most = 0;
    const turns = Array.from({ length: 7 }, (_, i) =>
      queue.run({ caller: String(i) }, async () => {
        most = Math.max(most, queue.running);
        await sleep(5);
      }),
    );
    const results = await Promise.allSettled(turns);
    expect(most).toBe(2);
    expect(results.map(({ status }) => status)).toEqual([
      ...Array<string>(5).fill('fulfilled'),
      'rejected',
      'rejected',
    ]);
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('tells the place in line, and lets go who gives up', async () => {
    const queue = new FairQueue(1, 8);
    const places: number[][] = [[], []];
    const giveUp = new AbortController();
    const first = queue.run({ caller: 'a' }, () => sleep(20));
    const second = queue.run({ caller: 'b', signal: giveUp.signal, onPlace: (place) => places[0]!.push(place) }, () =>
      sleep(1),
    );
    const third = queue.run({ caller: 'c', onPlace: (place) => places[1]!.push(place) }, () => sleep(1));
    giveUp.abort();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    await Promise.all([first, third]);
    expect(places).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });
});

describe('clients of the server', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer({ heartbeatMs: 40 });
  });
  afterEach(() => server.close());
  const body = { model: 'tiny', messages: [{ role: 'user', content: 'hello you' }], stream: true };
  const ask = (more: object = {}, signal?: AbortSignal) =>
    fetch(`${server.running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.running.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, ...more }),
      ...(signal === undefined ? {} : { signal }),
    });

  it.each([
    ['the prompt', { promptMs: 60_000 }, false],
    ['the answer', { delayMs: 200 }, true],
    ['an answer in one piece', { delayMs: 60_000 }, false],
  ])('that hang up in %s free the cores in under 1 s', async (_, slow, streams) => {
    Object.assign(server.api.opened, slow);
    const hangUp = new AbortController();
    const asked = ask({ stream: streams }, hangUp.signal).catch(() => undefined);
    await server.api.begun();
    if (streams) await asked;
    const at = performance.now();
    hangUp.abort();
    for (let i = 0; server.api.opened.running > 0 && i < 2000; i++) await sleep(2);
    expect(performance.now() - at).toBeLessThan(1000);
    await asked;
    Object.assign(server.api.opened, { promptMs: 0, delayMs: 0 });
    expect((await ask({ stream: false })).status).toBe(200);
  });

  const words = { messages: [{ role: 'user', content: 'hello you' }] };
  const learn = { text: 'The harbour is closed.' };
  it.each([
    ['/v1/completions', { model: 'tiny', prompt: 'x' }],
    ['/v1/completions', { model: 'tiny', prompt: 'x', stream: true }],
    ['/v1/responses', { model: 'tiny', input: 'x' }],
    ['/v1/responses', { model: 'tiny', input: 'x', stream: true }],
    ['/v1/messages', { model: 'tiny', max_tokens: 9, ...words }],
    ['/v1/messages', { model: 'tiny', max_tokens: 9, stream: true, ...words }],
    ['/api/chat', { model: 'tiny', ...words }],
    ['/api/chat', { model: 'tiny', stream: false, ...words }],
    ['/api/generate', { model: 'tiny', prompt: 'x' }],
    [`${BRAIN}/ask`, { question: 'x' }],
    [`${BRAIN}/chat`, words],
    [`${BRAIN}/memories`, learn],
    [`${BRAIN}/work`, { task: 'memorize', input: 'x' }],
  ])('that hang up at %s free the cores in under 1 s: %j', async (path, asked) => {
    const { opened } = server.api;
    opened.promptMs = 60_000;
    const hangUp = new AbortController();
    const headers = { authorization: `Bearer ${server.running.key}`, 'content-type': 'application/json' };
    const gone = fetch(`${server.running.url}${path}`, {
      ...{ method: 'POST', headers: { ...headers, accept: 'text/event-stream' }, body: JSON.stringify(asked) },
      signal: hangUp.signal,
    })
      .then((response) => response.text())
      .catch(() => undefined);
    const isBusy = (): boolean => opened.running + opened.learning > 0;
    for (let i = 0; !isBusy() && i < 2000; i++) await sleep(2);
    expect(isBusy()).toBe(true);
    const at = performance.now();
    hangUp.abort();
    for (let i = 0; isBusy() && i < 2000; i++) await sleep(2);
    expect(performance.now() - at).toBeLessThan(1000);
    await gone;
    expect(opened.held).toEqual([]);
  });

  it('that hang up while their training waits never begin it', async () => {
    server.api.opened.promptMs = 300;
    const teach = (text: string, signal: AbortSignal) =>
      fetch(`${server.running.url}${BRAIN}/memories`, {
        method: 'POST',
        headers: {
          ...{ authorization: `Bearer ${server.running.key}`, 'content-type': 'application/json' },
          accept: 'text/event-stream',
        },
        ...{ body: JSON.stringify({ text }), signal },
      }).then((response) => response.text());
    const first = teach('One.', AbortSignal.timeout(20_000));
    for (let i = 0; server.api.opened.learning === 0 && i < 2000; i++) await sleep(2);
    const hangUp = new AbortController();
    const second = teach('Two.', hangUp.signal).catch(() => undefined);
    await sleep(50);
    hangUp.abort();
    await Promise.all([first, second]);
    await sleep(50);
    expect(server.api.opened.held).toMatchObject([{ text: 'One.' }]);
  });

  it('that hang up in the queue never begin', async () => {
    server.api.opened.promptMs = 150;
    const first = ask({ stream: false });
    await server.api.begun();
    const hangUp = new AbortController();
    const second = ask({}, hangUp.signal).catch(() => undefined);
    await sleep(30);
    hangUp.abort();
    await Promise.all([first, second]);
    await sleep(50);
    expect(server.api.opened.calls).toHaveLength(1);
    expect(server.logs.map(({ status }) => status).sort()).toEqual([200, 499]);
  });

  it('beyond the queue are told 503 with a time to come back', async () => {
    let open = (): void => undefined;
    server.api.opening = new Promise((resolve) => (open = resolve));
    let refused = 0;
    const all = Array.from({ length: 35 }, async () => {
      const { status } = await ask({ stream: false });
      if (status === 503) refused++;
      return status;
    });
    for (let i = 0; refused < 2 && i < 2000; i++) await sleep(5);
    const one = await ask({ stream: false });
    expect(one.status).toBe(503);
    expect(one.headers.get('retry-after')).toBe('5');
    expect(await one.json()).toMatchObject({ error: { type: 'overloaded_error', code: 'queue_full' } });
    open();
    expect((await Promise.all(all)).filter((status) => status === 200)).toHaveLength(33);
  });

  it('are answered one after the other by default', async () => {
    server.api.opened.delayMs = 2;
    const said = await Promise.all(Array.from({ length: 6 }, async () => eventsOf(await ask())));
    expect(server.api.opened.mostRunning).toBe(1);
    for (const events of said) expect(events.at(-1)!.data).toBe('[DONE]');
  });

  it('see that the server lives while they wait, streamed or not', async () => {
    server.api.opened.promptMs = 130;
    const text = await (await ask()).text();
    expect(text.match(/^: still here$/gm)!.length).toBeGreaterThanOrEqual(2);
    Object.assign(server.api.opened, { promptMs: 0, delayMs: 60 });
    const whole = await (await ask({ stream: false })).text();
    expect(whole).toMatch(/^ +\{/);
    expect(JSON.parse(whole)).toMatchObject({ object: 'chat.completion' });
  });

  it('that are answered when the server stops get their answer; those that take too long are broken off', async () => {
    server.api.opened.delayMs = 20;
    const asked = ask();
    await server.api.begun();
    const closed = server.running.close(2000);
    const events = await eventsOf(await asked);
    expect(events.at(-1)!.data).toBe('[DONE]');
    await closed;
    const other = await startServer();
    other.api.opened.delayMs = 60_000;
    const slow = other.post('/v1/chat/completions', { ...body, stream: false }).then(
      (response) => response.status,
      () => 'gone',
    );
    await other.api.begun();
    const at = performance.now();
    await other.running.close(50);
    expect(performance.now() - at).toBeLessThan(1000);
    expect(await slow).not.toBe(200);
    await other.close();
  });
});

describe('models', () => {
  it('are opened once for all who wait, pinned while they answer, and freed when nobody uses them', async () => {
    const server = await startServer({ keepAlive: 0.1 });
    try {
      const ask = () =>
        server.post('/v1/chat/completions', { model: 'tiny', messages: [{ role: 'user', content: 'x y' }] });
      await Promise.all([ask(), ask(), ask()]);
      expect(server.api.openings).toHaveLength(1);
      server.api.opened.promptMs = 400;
      const slow = ask();
      await server.api.begun();
      await sleep(250);
      expect(server.api.opened.isClosed).toBe(false);
      expect((await slow).status).toBe(200);
      await sleep(300);
      expect(server.api.opened.isClosed).toBe(true);
    } finally {
      await server.close();
    }
  });

  it('are opened over the store and the other server that this one was started with', async () => {
    const given = {
      ...{ store: 'postgres://me@127.0.0.1:9/x', server: 'http://127.0.0.1:9/v1' },
      ...{ serverModel: 'large', serverKey: 'secret' },
    };
    const server = await startServer({}, given);
    try {
      // How much fits into a prompt is the other server's to say.
      const messages = [{ role: 'user', content: 'word '.repeat(3000) }];
      expect((await server.post('/v1/chat/completions', { model: 'brain:work', messages })).status).toBe(200);
      expect(server.api.openings).toMatchObject([given]);
      const listed = (await (await server.get('/v1/models')).json()) as { data: { id: string }[] };
      expect(listed.data.map(({ id }) => id)).toContain('brain:default');
    } finally {
      await server.close();
    }
  });
});
