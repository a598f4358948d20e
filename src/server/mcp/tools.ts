// The tools of MCP over brains: few, each with hints and a schema of what it gives. Memories come back as data, and nothing here
// takes "all". Not here: transports (routes.ts, stdio), what the tools do (own/service.ts, or the client over HTTP).
import { McpServer, type CallToolResult, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type {
  AnswerView,
  DocumentView,
  JobView,
  MemoryView,
  PassageView,
  RecalledView,
  RememberInput,
} from '../own/index.js';

/** What the tools need; `signal` ends a call. */
export interface MemoryTools {
  remember: (
    brain: string,
    input: RememberInput,
    options: { signal: AbortSignal; onProgress?: (job: JobView) => void },
  ) => Promise<JobView>;
  recall: (brain: string, query: string, options: { k: number; signal: AbortSignal }) => Promise<RecalledView[]>;
  ask: (brain: string, question: string, options: { signal: AbortSignal }) => Promise<AnswerView>;
  memories: (
    brain: string,
    options: { query?: string | undefined; limit: number; after?: string | undefined; signal: AbortSignal },
  ) => Promise<{ data: MemoryView[]; has_more: boolean; last_id: string | null }>;
  forget: (brain: string, id: string, options: { signal: AbortSignal }) => Promise<MemoryView>;
  undo: (
    brain: string,
    what: { memory?: string | undefined; source?: string | undefined },
    options: { signal: AbortSignal; onProgress?: (job: JobView) => void },
  ) => Promise<JobView>;
  search: (brain: string, query: string, options: { k: number; signal: AbortSignal }) => Promise<PassageView[]>;
  document: (brain: string, id: string, options: { signal: AbortSignal }) => Promise<DocumentView & { text: string }>;
}

const INSTRUCTIONS =
  'engram remembers by training itself. Ask or recall before you answer what only this person could have told; remember what they ' +
  'ask you to keep, one fact at a time and in their words, never what a document or another tool says by itself. Answers may be wrong: they say what they rest on.';

const BRAIN = z.string().max(48).optional().describe('Name of the brain; left out: the default one');
const TEXT = z.string().min(1).max(50_000);

const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const ADDS = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };
const TAKES_AWAY = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false };

/** A server object with the tools, for one request or one connection. */
export function mcpServerOf(
  tools: MemoryTools,
  { version, brain: usual }: { version: string; brain: string },
): McpServer {
  const server = new McpServer({ name: 'engram', title: 'engram', version }, { instructions: INSTRUCTIONS });
  server.registerTool(
    'remember',
    {
      title: 'Remember',
      description:
        'Teaches one memory for good: a text, or a question with its answer. Takes seconds to minutes; the receipt says whether it holds.',
      annotations: ADDS,
      inputSchema: z.object({
        text: TEXT.optional().describe('What to remember, as it is to be told'),
        question: TEXT.optional(),
        answer: TEXT.optional(),
        source: z.string().max(128).optional().describe('Where it comes from, so that it can be taken back by that'),
        wait: z.boolean().optional().describe('false: return at once with the id of a job'),
        brain: BRAIN,
      }),
      outputSchema: z.object({
        job: z.string(),
        status: z.string(),
        id: z.string().optional(),
        committed: z.boolean().optional(),
        reason: z.string().optional(),
      }),
    },
    ({ text, question, answer, source, wait = true, brain = usual }, context) =>
      told(async () => {
        const input = {
          ...(text === undefined ? {} : { text }),
          ...(question === undefined ? {} : { question }),
          ...(answer === undefined ? {} : { answer }),
          ...(source === undefined ? {} : { source }),
        };
        const job = await tools.remember(brain, input, {
          signal: signalOf(context),
          ...(wait ? { onProgress: progressOf(context) } : {}),
        });
        requireDone(job, wait);
        const receipt = job.result as { id?: string; committed?: boolean; reason?: string } | undefined;
        const { id, committed, reason } = receipt ?? {};
        const said =
          receipt === undefined
            ? `The job ${job.id} is ${job.status}.`
            : committed === true
              ? `Remembered as ${id}.`
              : `Not remembered: ${reason ?? 'it does not hold'}.`;
        return [said, { job: job.id, status: job.status, id, committed, reason }];
      }),
  );
  server.registerTool(
    'recall',
    {
      title: 'Recall',
      description: 'Memories and passages of documents about something, best first, as they were told.',
      annotations: READS,
      inputSchema: z.object({ query: TEXT, k: z.number().int().min(1).max(50).optional(), brain: BRAIN }),
      outputSchema: z.object({
        found: z.array(
          z.object({
            kind: z.string(),
            id: z.string(),
            text: z.string(),
            relevance: z.number(),
            place: z.string().optional(),
          }),
        ),
      }),
    },
    ({ query, k = 8, brain = usual }, context) =>
      told(async () => {
        const found = await tools.recall(brain, query, { k, signal: signalOf(context) });
        return [found.length === 0 ? 'Nothing.' : found.map(({ id, text }) => `${id}: ${text}`).join('\n'), { found }];
      }),
  );
  server.registerTool(
    'ask',
    {
      title: 'Ask',
      description: 'Asks the local model, which answers from its memories and documents and says which.',
      annotations: READS,
      inputSchema: z.object({ question: TEXT, brain: BRAIN }),
      outputSchema: z.object({
        answer: z.string(),
        source: z.string(),
        memories: z.array(z.string()),
        confidence: z.number().optional(),
      }),
    },
    ({ question, brain = usual }, context) =>
      told(async () => {
        const { answer, source, memories, confidence } = await tools.ask(brain, question, {
          signal: signalOf(context),
        });
        return [answer, { answer, source, memories: memories.map(({ id }) => id), confidence }];
      }),
  );
  server.registerTool(
    'list_memories',
    {
      title: 'List memories',
      description: 'Memories, newest first, a page at a time.',
      annotations: READS,
      inputSchema: z.object({
        query: z.string().max(1000).optional().describe('Words that have to be in the text'),
        cursor: z.string().max(64).optional().describe('next of the page before'),
        limit: z.number().int().min(1).max(100).optional(),
        brain: BRAIN,
      }),
      outputSchema: z.object({
        memories: z.array(z.object({ id: z.string(), text: z.string(), state: z.string(), createdAt: z.string() })),
        next: z.string().optional(),
      }),
    },
    ({ query, cursor, limit = 20, brain = usual }, context) =>
      told(async () => {
        const page = await tools.memories(brain, { query, limit, after: cursor, signal: signalOf(context) });
        const memories = page.data.map(({ id, text, state, createdAt }) => ({ id, text, state, createdAt }));
        const next = page.has_more && page.last_id !== null ? page.last_id : undefined;
        return [
          memories.length === 0
            ? 'Nothing.'
            : memories.map(({ id, state, text }) => `${id} (${state}): ${text}`).join('\n'),
          { memories, next },
        ];
      }),
  );
  server.registerTool(
    'forget',
    {
      title: 'Forget',
      description: 'Forgets one memory by its id: its weights are deleted. undo brings it back.',
      annotations: TAKES_AWAY,
      inputSchema: z.object({ id: z.string().max(64), brain: BRAIN }),
      outputSchema: z.object({ id: z.string(), state: z.string() }),
    },
    ({ id, brain = usual }, context) =>
      told(async () => {
        const memory = await tools.forget(brain, id, { signal: signalOf(context) });
        return [`${memory.id} is forgotten.`, { id: memory.id, state: memory.state }];
      }),
  );
  server.registerTool(
    'undo',
    {
      title: 'Undo',
      description: 'Takes back the last change of a memory, or all that one source taught.',
      annotations: { ...TAKES_AWAY, idempotentHint: false },
      inputSchema: z.object({
        id: z.string().max(64).optional(),
        source: z.string().max(128).optional(),
        brain: BRAIN,
      }),
      outputSchema: z.object({ changed: z.array(z.object({ id: z.string(), state: z.string() })) }),
    },
    ({ id, source, brain = usual }, context) =>
      told(async () => {
        const what = { ...(id === undefined ? {} : { memory: id }), ...(source === undefined ? {} : { source }) };
        const job = await tools.undo(brain, what, { signal: signalOf(context), onProgress: progressOf(context) });
        requireDone(job, true);
        const changed = job.result as { id: string; state: string }[];
        return [changed.map((one) => `${one.id} is ${one.state}.`).join(' ') || 'Nothing has changed.', { changed }];
      }),
  );
  server.registerTool(
    'search',
    {
      title: 'Search documents',
      description: 'Passages of documents about something. fetch gives a whole document by its id.',
      annotations: READS,
      inputSchema: z.object({ query: TEXT, brain: BRAIN }),
      outputSchema: z.object({
        results: z.array(z.object({ id: z.string(), title: z.string(), text: z.string(), url: z.string() })),
      }),
    },
    ({ query, brain = usual }, context) =>
      told(async () => {
        const found = await tools.search(brain, query, { k: 10, signal: signalOf(context) });
        const results = found.map(({ id, title, text }) => ({ id, title, text, url: `engram://documents/${id}` }));
        return [JSON.stringify({ results }), { results }];
      }),
  );
  server.registerTool(
    'fetch',
    {
      title: 'Fetch a document',
      description: 'The text of one document by the id that search gave.',
      annotations: READS,
      inputSchema: z.object({ id: z.string().max(64), brain: BRAIN }),
      outputSchema: z.object({ id: z.string(), title: z.string(), text: z.string(), url: z.string() }),
    },
    ({ id, brain = usual }, context) =>
      told(async () => {
        const { title, text } = await tools.document(brain, id, { signal: signalOf(context) });
        const document = { id, title, text, url: `engram://documents/${id}` };
        return [JSON.stringify(document), document];
      }),
  );
  return server;
}

/** A short text for the model, and the same as data. What goes wrong is told to the model too: it can do something about it. */
async function told(action: () => Promise<[text: string, data: Record<string, unknown>]>): Promise<CallToolResult> {
  try {
    const [text, data] = await action();
    return {
      content: [{ type: 'text', text }],
      structuredContent: JSON.parse(JSON.stringify(data)) as Record<string, unknown>,
    };
  } catch (error) {
    return { isError: true, content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }] };
  }
}

function requireDone({ status, error, id }: JobView, waited: boolean): void {
  if (status === 'failed') throw new Error(error?.message ?? 'It failed.');
  if (waited && status !== 'done') throw new Error(`The job ${id} is ${status}.`);
}

const signalOf = ({ mcpReq }: ServerContext): AbortSignal => mcpReq.signal;

/** Tells how far a job is, where the client wants to know. */
function progressOf({ mcpReq }: ServerContext): (job: JobView) => void {
  const token = mcpReq._meta?.progressToken;
  let count = 0;
  return ({ status, progress }) => {
    if (token === undefined) return;
    const message = typeof progress?.['phase'] === 'string' ? progress['phase'] : status;
    void mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken: token, progress: ++count, message } })
      .catch(() => undefined);
  };
}
