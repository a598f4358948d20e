// What clients of the soak do, well and badly: ask, hang up, stall, break off, teach, forget. Each gives undefined, or what should not
// have been. Not here: how many there are and for how long (soak.mjs).
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `server`: {url, key, model, brain}; `random`: numbers from 0 to 1; `kept`: ids of memories that were committed, with their texts. */
export function clientOf(server, random, kept, counts) {
  const { url, key, model, brain } = server;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const send = (path, body, more = {}) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      ...more,
      headers: { ...headers, ...more.headers },
    });
  const question = () => Array.from({ length: 1 + Math.floor(random() * 6) }, () => 'word').join(' ');
  const chat = (more = {}) => ({ model, max_tokens: 16, messages: [{ role: 'user', content: question() }], ...more });
  /** Overload is no failure: it is told, with a time to come back. */
  const checked = async (response, read) => {
    if (response.status === 503 || response.status === 529) {
      await response.body?.cancel();
      if (response.headers.get('retry-after') === null) return 'overloaded without a time to come back';
      counts.overloaded = (counts.overloaded ?? 0) + 1;
      await sleep(50 + random() * 200);
      return undefined;
    }
    if (!response.ok) return `${response.status}: ${(await response.text()).slice(0, 200)}`;
    return read(response);
  };
  const hungUp = (error) =>
    error.name === 'AbortError' ? undefined : `${error.message}: ${error.cause?.message ?? ''}`;
  const teach = async (text, signal) => {
    const sse = { headers: { accept: 'text/event-stream' }, signal };
    const response = await send(`/engram/v1/brains/${brain}/memories`, { text }, sse);
    return checked(response, async () => {
      const states = (await response.text()).split('\n\n').flatMap((block) => /^data: (.*)$/m.exec(block)?.[1] ?? []);
      const last = JSON.parse(states.at(-1) ?? '{}');
      if (last.status !== 'done') return `a job ended as ${last.status}: ${last.error?.message ?? ''}`;
      if (last.result.committed) kept.set(last.result.id, text);
      return undefined;
    });
  };
  /** A socket that sends something, reads nothing, and goes after a while. */
  const silent = (bytes, ms) =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      socket.pause();
      socket.on('error', () => undefined);
      socket.write(bytes);
      setTimeout(() => {
        socket.destroy();
        resolve(undefined);
      }, ms);
    });
  const head = (length) =>
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${new URL(url).host}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
  const aborted = async (path, body, ms, more = {}) => {
    const hangUp = new AbortController();
    setTimeout(() => hangUp.abort(), ms);
    try {
      const response = await send(path, body, { signal: hangUp.signal, ...more });
      await response.text();
      return undefined;
    } catch (error) {
      return hungUp(error);
    }
  };

  return {
    ask: async () =>
      checked(await send('/v1/chat/completions', chat()), async (response) => {
        const { choices } = await response.json();
        return choices?.[0]?.message?.content ? undefined : 'an answer without a word';
      }),
    stream: async () =>
      checked(await send('/v1/chat/completions', chat({ stream: true })), async (response) => {
        const text = await response.text();
        return text.trimEnd().endsWith('data: [DONE]') ? undefined : `a stream without its end: ${text.slice(-200)}`;
      }),
    messages: async () =>
      checked(await send('/v1/messages', chat()), async (response) => {
        const { type } = await response.json();
        return type === 'message' ? undefined : `a message of type ${type}`;
      }),
    ollama: async () =>
      checked(await send('/api/chat', { ...chat(), options: { num_predict: 16 } }), async (response) => {
        const last = JSON.parse((await response.text()).trim().split('\n').at(-1));
        return last.done === true ? undefined : 'lines without their end';
      }),
    embed: async () =>
      checked(
        await send('/v1/embeddings', { model: server.embedder, input: [question()] }),
        (response) => void response.json(),
      ),
    hangUp: () => aborted('/v1/chat/completions', chat({ stream: true }), random() * 30),
    stall: () =>
      silent(
        `${head(Buffer.byteLength(JSON.stringify(chat({ stream: true }))))}${JSON.stringify(chat({ stream: true }))}`,
        random() * 400,
      ),
    half: () => silent(`${head(5000)}{"model": "`, random() * 200),
    teach: () => teach(`Fact ${Math.floor(random() * 1e9)}.`),
    breakOff: () =>
      aborted(`/engram/v1/brains/${brain}/memories`, { text: `Left ${random()}.` }, random() * 40, {
        headers: { accept: 'text/event-stream' },
      }),
    forget: async () => {
      const [id] = kept.keys();
      if (id === undefined) return undefined;
      kept.delete(id);
      const response = await fetch(`${url}/engram/v1/brains/${brain}/memories/${id}`, { method: 'DELETE', headers });
      return checked(response, (gone) => void gone.json());
    },
    nonsense: async () => {
      const response = await send('/v1/chat/completions', { model: 7, messages: 'x' });
      await response.body?.cancel();
      return response.status === 400 ? undefined : `nonsense was answered ${response.status}`;
    },
    list: async () =>
      checked(
        await fetch(`${url}/engram/v1/brains/${brain}/memories`, { headers }),
        (response) => void response.json(),
      ),
  };
}
