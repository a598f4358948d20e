// POST /v1/embeddings: vectors of texts by the embedding model, in the order of the input. Not here: Ollama's way to ask for them.
import { z } from 'zod';
import { toHttpError, invalid } from '../errors.js';
import type { Answerer } from '../answer.js';
import { readBody } from '../body.js';
import type { Route } from '../exchange.js';
import { LIMITS } from '../limits.js';
import { sendJson } from '../reply.js';
import { listOf, MODEL, whole } from '../schema.js';
import { decodeCl100k } from './cl100k.js';

const IDS = listOf(whole(0, Number.MAX_SAFE_INTEGER), LIMITS.promptIds, 1);

const BODY = z.looseObject({
  model: MODEL,
  input: z.union([
    z.string(),
    listOf(z.string(), LIMITS.embeddingInputs, 1),
    IDS,
    listOf(IDS, LIMITS.embeddingInputs, 1),
  ]),
  encoding_format: z.enum(['float', 'base64']).optional(),
  dimensions: z.number().int().min(1).max(100_000).optional(),
});

export function embeddingRoutes({ context, names }: Answerer): Route[] {
  return [
    {
      ...{ method: 'POST', path: '/v1/embeddings', scope: 'chat' },
      handle: async (exchange) => {
        const body = await readBody(exchange, BODY);
        const card = await names.find(body.model);
        if (card.kind !== 'embedder')
          throw invalid(`The model "${body.model}" makes no embeddings.`, 'model', 'model_not_found');
        const texts = await textsOf(body.input);
        const vectors = await embedAll({ context, names }, exchange, texts);
        checkDimensions(body.dimensions, vectors[0]!.length);
        const base64 = body.encoding_format === 'base64';
        const tokens = texts.reduce((sum, text) => sum + Math.ceil(text.length / 4), 0);
        sendJson(exchange, {
          object: 'list',
          data: vectors.map((vector, index) => ({
            object: 'embedding',
            index,
            embedding: base64 ? toBase64(vector) : [...vector],
          })),
          model: body.model,
          usage: { prompt_tokens: tokens, total_tokens: tokens },
        });
      },
    },
  ];
}

/** In the order of the texts. Throws 400 for an empty one. */
export async function embedAll(
  { context }: Answerer,
  { caller, signal }: { caller: { id: string }; signal: AbortSignal },
  texts: readonly string[],
): Promise<Float32Array[]> {
  if (texts.length > LIMITS.embeddingInputs)
    throw invalid(`At most ${LIMITS.embeddingInputs} texts are taken at once.`, 'input');
  const empty = texts.findIndex((text) => text.trim() === '');
  if (empty >= 0) throw invalid(`input[${empty}]: the text is empty.`, 'input');
  return context.answers
    .run({ caller: caller.id, signal }, () => context.engine.embed(texts, { signal }))
    .catch((error: unknown) => {
      throw toHttpError(error);
    });
}

/** The models here do not say that their vectors may be cut. */
export function checkDimensions(wanted: number | undefined, own: number): void {
  if (wanted !== undefined && wanted !== own) {
    throw invalid(`Vectors of this model have ${own} dimensions, and may not be cut.`, 'dimensions');
  }
}

/** LangChain sends OpenAI's token ids unless it is told not to. */
async function textsOf(input: z.infer<typeof BODY>['input']): Promise<string[]> {
  if (typeof input === 'string') return [input];
  if (typeof input[0] === 'string') return input as string[];
  const lists = (typeof input[0] === 'number' ? [input] : input) as number[][];
  if (lists.length > LIMITS.embeddingInputs)
    throw invalid(`At most ${LIMITS.embeddingInputs} texts are taken at once.`, 'input');
  return decodeCl100k(lists);
}

/** Little-endian, four bytes a number. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
  return bytes.toString('base64');
}
