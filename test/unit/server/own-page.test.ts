// What of the own routes the page lives on: receipts, proofs of forgetting, explanations, names of uploaded files.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newPassage, newReceipt } from '../../fakes/results.js';
import { startServer, type TestServer } from '../../support/server.js';

const AT = '/engram/v1/brains/default';
let server: TestServer;

beforeEach(async () => {
  server = await startServer();
  const createdAt = '2026-01-02T03:04:05.000Z';
  const receipt = newReceipt('m-1');
  server.api.opened.held.push({ id: 'm-1', text: 'Mara Voss runs the kiln.', createdAt, state: 'remembered', receipt });
});

afterEach(() => server.close());

const json = async (response: Promise<Response>): Promise<Record<string, unknown>> =>
  (await response).json() as Promise<Record<string, unknown>>;

it('gives one memory with its receipt, and a list without', async () => {
  expect(await json(server.get(`${AT}/memories/m-1`))).toMatchObject({ id: 'm-1', receipt: { loss: { before: 3.2 } } });
  const { data } = (await json(server.get(`${AT}/memories`))) as { data: object[] };
  expect(data).toHaveLength(1);
  expect(data[0]).not.toHaveProperty('receipt');
});

it('asks for a forgotten memory only if told to', async () => {
  expect(await json(server.delete(`${AT}/memories/m-1?probe=true`))).toMatchObject({
    state: 'forgotten',
    proof: { asked: 8, recalled: 0 },
  });
  server.api.opened.held[0]!.state = 'remembered';
  expect(await json(server.delete(`${AT}/memories/m-1`))).not.toHaveProperty('proof');
  expect((await server.delete(`${AT}/memories/m-1?probe=perhaps`)).status).toBe(400);
});

it('explains an answer, and tells no path', async () => {
  const { opened } = server.api;
  const explained = opened.explain.bind(opened);
  opened.explain = async (...asked) => ({
    ...(await explained(...asked)),
    influences: [
      { kind: 'passage', passage: newPassage('Hot.', { source: '/home/me/kiln.md' }), without: -9, change: 8 },
    ],
  });
  const body = { question: 'Mara Voss runs what?', answer: 'The kiln.' };
  const reply = await json(server.post(`${AT}/explain`, body));
  expect(reply).toMatchObject({
    answer: 'The kiln.',
    influences: [{ kind: 'passage', change: 8, passage: { text: 'Hot.' } }],
  });
  expect(JSON.stringify(reply)).not.toContain('/home/me');
  expect((await server.post(`${AT}/explain`, { ...body, more: 1 })).status).toBe(400);
});

it('calls an uploaded file as the person called it', async () => {
  const form = new FormData();
  form.append('purpose', 'user_data');
  form.append('file', new Blob(['Kilns are hot.']), 'kilns.txt');
  const headers = { authorization: `Bearer ${server.running.key}` };
  const sent = await fetch(`${server.running.url}/v1/files`, { method: 'POST', body: form, headers });
  const { id } = (await sent.json()) as { id: string };
  const job = (await json(server.post(`${AT}/documents`, { file_id: id }))) as { id: string };
  await (await server.get(`/engram/v1/jobs/${job.id}/events`)).text();
  const [, path] = server.api.opened.calls.find(([name]) => name === 'ingest') as [string, string[]];
  const of = {
    kind: 'text' as const,
    title: undefined,
    bytes: 14,
    mtimeMs: 0,
    passages: 1,
    skipped: undefined,
    metadata: {},
    read: undefined,
  };
  server.api.documents = [{ id: 1, path: path[0]!, ...of }];
  server.api.opened.passages = [
    newPassage('Kilns are hot.', { source: path[0]!, title: undefined, place: path[0]!.replace(/^.*\//, '') }),
  ];
  expect(await json(server.get(`${AT}/documents`))).toMatchObject({ data: [{ title: 'kilns.txt' }] });
  expect(await json(server.post(`${AT}/search`, { query: 'hot' }))).toMatchObject({
    data: [{ title: 'kilns.txt', place: 'kilns.txt' }],
  });
});
