import { expect, it } from 'vitest';
import { parseEvent, readEvents, type ServerSentEvent } from '../src/sse.js';

async function eventsOf(pieces: readonly (string | Uint8Array)[]): Promise<ServerSentEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces)
        controller.enqueue(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
      controller.close();
    },
  });
  const found: ServerSentEvent[] = [];
  for await (const event of readEvents(body)) found.push(event);
  return found;
}

it('reads events however their bytes are cut, letters of several bytes too', async () => {
  const bytes = new TextEncoder().encode('data: {"a":"äö😀"}\n\nevent: job\ndata: 1\n\n');
  const expected = [
    { event: 'message', data: '{"a":"äö😀"}' },
    { event: 'job', data: '1' },
  ];
  expect(await eventsOf([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  expect(await eventsOf([bytes])).toEqual(expected);
});

it('passes over comments and what has no end yet', async () => {
  expect(await eventsOf([': still here\n\n', 'data: a\n', 'data: b\n\n', 'data: half'])).toEqual([
    { event: 'message', data: 'a\nb' },
  ]);
});

it('knows lines that end as Windows ends them', () => {
  expect(parseEvent('event: x\r\ndata: y')).toEqual({ event: 'x', data: 'y' });
});
