// What engram's own routes take and give, as schemas: the checks, the types of the client and the OpenAPI document are made of them.
// Not here: doing it (service.ts).
import { z } from 'zod';
import { listOf, whole } from '../schema.js';

const TEXT = z.string().min(1).max(400_000);

const FORMS = [['text'], ['question', 'answer'], ['subject', 'relation', 'object']] as const;

/** One memory: a text, a question with its answer, or a fact in three parts. */
export const REMEMBER = z
  .strictObject({
    text: TEXT.optional().describe('What to remember, as it is to be told'),
    question: TEXT.optional(),
    answer: TEXT.optional(),
    subject: TEXT.optional(),
    relation: TEXT.optional(),
    object: TEXT.optional(),
    replaces: z
      .union([z.literal('auto'), z.literal('none'), listOf(z.string().max(64), 16)])
      .optional()
      .describe('Memories whose place it takes: by the judge (auto, the default), none, or these ids'),
    source: z.string().max(128).optional().describe('Who or what tells it, kept beside it'),
  })
  .refine(
    ({ text, question, answer, subject, relation, object }) => {
      const given = Object.entries({ text, question, answer, subject, relation, object }).flatMap(([name, part]) =>
        part === undefined ? [] : [name],
      );
      return FORMS.some((form) => form.join() === given.join());
    },
    { error: 'expected text, or question and answer, or subject, relation and object' },
  )
  .meta({
    oneOf: FORMS.map((form) => ({
      required: [...form],
      properties: Object.fromEntries(
        FORMS.flatMap((other) => other.map((name) => [name, { type: other === form ? 'string' : 'null' }])),
      ),
    })),
  });
export type RememberInput = z.infer<typeof REMEMBER>;

export const MEMORY = z.looseObject({
  id: z.string(),
  text: z.string(),
  question: z.string().optional(),
  answer: z.string().optional(),
  createdAt: z.string(),
  state: z.enum(['remembered', 'superseded', 'forgotten']),
  damaged: z.enum(['missing', 'changed']).optional(),
  source: z
    .strictObject({ key: z.string(), told: z.string().optional() })
    .optional()
    .describe('Whose key taught it, and what it named as its source'),
});
export type MemoryView = z.infer<typeof MEMORY>;

export const JOB = z.strictObject({
  id: z.string(),
  kind: z.enum(['remember', 'undo', 'sleep', 'ingest', 'pull']),
  brain: z.string().optional(),
  status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  /** Place in line while it is queued, from 1. */
  place: z.number().optional(),
  createdAt: z.string(),
  endedAt: z.string().optional(),
  progress: z.record(z.string(), z.unknown()).optional(),
  result: z.unknown().optional(),
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  fault: z
    .looseObject({ code: z.string(), message: z.string() })
    .optional()
    .describe('The same as the library says it'),
  asks: z.unknown().optional().describe('What it waits to be told: memories that what is told may replace'),
});
export type JobView = z.infer<typeof JOB>;

export const BRAIN = z.strictObject({
  name: z.string(),
  model: z.string(),
  memories: z.number(),
  documents: z.number(),
  loaded: z.boolean(),
});
export type BrainView = z.infer<typeof BRAIN>;

export const PASSAGE = z.strictObject({
  id: z.string().describe('Of the document: fetch takes it'),
  title: z.string(),
  place: z.string(),
  text: z.string(),
  score: z.number(),
});
export type PassageView = z.infer<typeof PASSAGE>;

export const DOCUMENT = z.strictObject({
  id: z.string(),
  title: z.string(),
  kind: z.string().optional(),
  bytes: z.number(),
  passages: z.number(),
  skipped: z.string().optional(),
});
export type DocumentView = z.infer<typeof DOCUMENT>;

export const RECALLED = z.strictObject({
  kind: z.enum(['memory', 'passage']),
  relevance: z.number(),
  id: z.string(),
  text: z.string(),
  place: z.string().optional(),
});
export type RecalledView = z.infer<typeof RECALLED>;

export const ANSWER = z.looseObject({
  answer: z.string(),
  source: z.enum(['weights', 'retrieval', 'context', 'base', 'unknown']),
  memories: z.array(z.strictObject({ id: z.string(), text: z.string(), score: z.number() })),
  confidence: z.number().optional(),
});
export type AnswerView = z.infer<typeof ANSWER>;

export const HISTORY = z.looseObject({
  id: z.number(),
  time: z.string(),
  kind: z.string(),
  memoryId: z.string().nullable(),
});
export type HistoryView = z.infer<typeof HISTORY>;

export const MODEL_VIEW = z.looseObject({
  name: z.string(),
  role: z.string(),
  installed: z.boolean(),
  bytes: z.number(),
});

export const ASK = z.strictObject({
  question: TEXT,
  memories: z.boolean().optional(),
  passages: whole(0, 20).optional(),
  unknown: z
    .enum(['say', 'answer'])
    .optional()
    .describe('What becomes of a question about your own things that nothing answers (default: say)'),
  maxTokens: whole(1, 1_000_000).optional(),
});

export const EXPLAIN = z.strictObject({
  question: TEXT,
  answer: TEXT.optional().describe('The answer to explain (default: the one that it gives)'),
});

export const QUERY = z.strictObject({ query: z.string().min(1).max(10_000), k: whole(1, 50).optional() });
export const UNDO = z.strictObject({
  memory: z.string().max(64).optional().describe('Whose last change; default: the last of the brain'),
  source: z.string().max(128).optional().describe('Forget all that this key or source taught'),
});
