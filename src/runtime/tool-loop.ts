// Runs the tools that a model calls, and has it go on with what they gave, until it answers. Not here: how a call is written and held to
// its tool's schema (inference/).
import { AbortError, throwIfCancelled } from '../errors.js';
import { fallbackOf, GROUNDING } from '../options/index.js';
import type { ChatMessage } from '../inference/index.js';
import type { Answered } from './answering.js';
import type { AskOptions } from './options.js';
import type { RunnableTool, ToolContext, ToolResult } from './tools.js';

type Answering = (messages: readonly ChatMessage[], options: AskOptions) => Promise<Answered>;

/** Throws what answering throws; `usage` for a number of rounds that cannot be. */
export async function answerWithTools(
  answering: Answering,
  messages: readonly ChatMessage[],
  options: AskOptions,
): Promise<Answered> {
  const { tools = [], maxToolRounds = fallbackOf(GROUNDING.maxToolRounds), signal } = options;
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const results: ToolResult[] = [];
  let conversation = messages;
  for (let round = 0; ; round++) {
    const answer = await answering(conversation, { ...options, ...choiceOf(options, round, maxToolRounds) });
    const calls = answer.toolCalls ?? [];
    for (const call of calls) options.onToolCall?.(call);
    const isOurs = calls.length > 0 && calls.every(({ name }) => byName.get(name)?.execute !== undefined);
    if (!isOurs) return results.length === 0 ? answer : { ...answer, toolResults: results };
    const said: ChatMessage = { role: 'assistant', content: answer.answer, toolCalls: calls };
    conversation = [...conversation, said];
    for (const call of calls) {
      throwIfCancelled(signal);
      const result = await run(byName.get(call.name)!, { call, signal });
      options.onToolResult?.(result);
      results.push(result);
      conversation = [...conversation, { role: 'tool', content: result.result, toolCallId: call.id }];
    }
  }
}

/** Who must call has called after the first round, and after the last nothing is left but to answer. */
function choiceOf({ toolChoice }: AskOptions, round: number, most: number): Pick<AskOptions, 'toolChoice'> {
  if (round >= most) return { toolChoice: 'none' };
  return round === 0 || toolChoice === undefined || toolChoice === 'none' ? {} : { toolChoice: 'auto' };
}

async function run(tool: RunnableTool, context: ToolContext): Promise<ToolResult> {
  const { call, signal } = context;
  try {
    const value = await tool.execute!(call.arguments, context);
    return { call, result: written(value), failed: false };
  } catch (error) {
    if (signal?.aborted === true || error instanceof AbortError) throw new AbortError('', { cause: error });
    return { call, result: `Error: ${error instanceof Error ? error.message : String(error)}`, failed: true };
  }
}

function written(value: unknown): string {
  if (typeof value === 'string') return value;
  const json = JSON.stringify(value) as string | undefined;
  return json ?? 'Done.';
}
