// Clients of a server that speaks OpenAI's dialect: each holds conversations of a few turns, streamed, one after another, for as long
// as it is told. What comes back: when each answer began, how many tokens it had, how many of its prompt were read before.
// Not here: the servers (servers.mjs), what the figures become (serve.mjs).
import { performance } from 'node:perf_hooks';

/** What people begin with; each client starts elsewhere in the list, and says its own number, so that no two prompts are one. */
const OPENINGS = [
  'Explain how a bicycle stays upright.',
  'Write a short letter that thanks a neighbour for watering plants.',
  'What should I look at when I buy a used car?',
  'Tell me how bread rises.',
  'Plan a weekend in a city by the sea.',
  'Why is the sky blue at noon and red in the evening?',
  'How do I prepare for a job interview?',
  'Describe a market on a Saturday morning.',
];
const NEXT = ['Say more about the second point.', 'Now in one sentence.'];

/** @returns {Promise<{ answers: Answer[], seconds: number }>} of all clients together.
 * @typedef {{ firstMs: number, tokens: number, seconds: number, promptTokens: number, cachedTokens: number }} Answer */
export async function converse({ url, model, clients, seconds, maxTokens, signal }) {
  const until = performance.now() + seconds * 1000;
  const started = performance.now();
  const each = Array.from({ length: clients }, (_, i) => client(i, { url, model, until, maxTokens, signal }));
  const answers = (await Promise.all(each)).flat();
  return { answers, seconds: (performance.now() - started) / 1000 };
}

async function client(number, { url, model, until, maxTokens, signal }) {
  const answers = [];
  for (let round = 0; performance.now() < until; round++) {
    const opening = OPENINGS[(number + round) % OPENINGS.length];
    const messages = [{ role: 'user', content: `I am visitor ${100 * round + number}. ${opening}` }];
    for (const next of [...NEXT, undefined]) {
      const { text, ...figures } = await answer(url, { model, messages, max_tokens: maxTokens }, signal);
      answers.push(figures);
      if (next === undefined || performance.now() >= until) break;
      messages.push({ role: 'assistant', content: text }, { role: 'user', content: next });
    }
  }
  return answers;
}

async function answer(url, request, signal) {
  const started = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, temperature: 0, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  if (!response.ok) throw new Error(`${response.status}: ${(await response.text()).slice(0, 200)}`);
  let firstMs;
  let text = '';
  let usage;
  for await (const event of eventsOf(response.body)) {
    const said = event.choices?.[0]?.delta?.content;
    if (said) {
      firstMs ??= performance.now() - started;
      text += said;
    }
    usage = event.usage ?? usage;
  }
  const seconds = (performance.now() - started) / 1000;
  return {
    text,
    firstMs: firstMs ?? 1000 * seconds,
    seconds,
    tokens: usage?.completion_tokens ?? 0,
    promptTokens: usage?.prompt_tokens ?? 0,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
  };
}

async function* eventsOf(body) {
  let rest = '';
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('data: {')) yield JSON.parse(line.slice('data: '.length));
    }
  }
}
