// Messages and tools from LangChain's words to engram's and back. Not here: generating.
import type { BaseLanguageModel } from '@langchain/core/language_models/base';
import {
  AIMessage,
  AIMessageChunk,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type BaseMessage,
  type UsageMetadata,
} from '@langchain/core/messages';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import {
  EngramError,
  type Answer,
  type AskOptions,
  type ChatMessage,
  type CutToolCall,
  type Engram,
  type Tool,
  type ToolCall,
} from '../index.js';
import { infoOf } from './options.js';

/** As the model's template reads them: one system message, at the beginning. Throws `unsupported` for what is no text. */
export function toChatMessages(messages: readonly BaseMessage[]): ChatMessage[] {
  const all = messages.map(toChatMessage);
  const system = all.filter(({ role }) => role === 'system').map(({ content }) => content);
  const rest = all.filter(({ role }) => role !== 'system');
  return system.length === 0 ? rest : [{ role: 'system', content: system.join('\n\n') }, ...rest];
}

export function toChatMessage(message: BaseMessage): ChatMessage {
  const content = textOf(message);
  // `type` and not the class: another copy of the library may have made it.
  switch (message.type) {
    case 'human':
      return { role: 'user', content };
    case 'system':
    case 'developer' as never:
      return { role: 'system', content };
    case 'tool':
      return {
        role: 'tool',
        content,
        toolCallId: (message as BaseMessage & Pick<ToolMessage, 'tool_call_id'>).tool_call_id,
      };
    case 'ai': {
      const calls = ((message as BaseMessage & Pick<AIMessage, 'tool_calls'>).tool_calls ?? []).map(toToolCall);
      return { role: 'assistant', content, ...(calls.length === 0 ? {} : { toolCalls: calls }) };
    }
    case 'generic': {
      const { role } = message as BaseMessage & { role: string };
      if (role === 'user' || role === 'assistant' || role === 'system') return { role, content };
      throw new EngramError('unsupported', `Expected the role user, assistant or system but received "${role}".`);
    }
    default:
      throw new EngramError('unsupported', `A message of the type "${message.type}" cannot be put to this model.`);
  }
}

/** The other way round. */
export function toLangChain({ role, content, toolCalls = [], toolCallId }: ChatMessage): BaseMessage {
  if (role === 'user') return new HumanMessage(content);
  if (role === 'system') return new SystemMessage(content);
  if (role === 'tool') return new ToolMessage({ content, tool_call_id: toolCallId ?? '' });
  return new AIMessage({ content, tool_calls: toolCalls.map(fromToolCall) });
}

function textOf({ content }: BaseMessage): string {
  if (typeof content === 'string') return content;
  return content
    .map((block) => {
      if (block.type === 'text' && typeof block.text === 'string') return block.text;
      // Calls of tools stand in `tool_calls` too; thoughts are not said again.
      if (['tool_call', 'tool_use', 'reasoning', 'thinking'].includes(block.type)) return '';
      throw new EngramError('unsupported', `This model reads text only, and a message has "${block.type}" in it.`);
    })
    .join('');
}

function toToolCall({ id, name, args }: NonNullable<AIMessage['tool_calls']>[number]): ToolCall {
  const given: unknown = args;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new EngramError(
      'usage',
      `Expected an object for the args of the tool call "${name}" but received ${JSON.stringify(given)}.`,
    );
  }
  return { id: id ?? '', name, arguments: args };
}

const fromToolCall = ({ id, name, arguments: args }: ToolCall) => ({ type: 'tool_call' as const, id, name, args });

/** Tools of all kinds that bindTools() takes. */
export function toTools(tools: readonly unknown[]): Tool[] {
  return tools.map((tool) => {
    const { function: of } = convertToOpenAITool(tool as never) as { function?: Partial<Tool> };
    if (typeof of?.name !== 'string') {
      throw new EngramError('usage', `Expected a tool with a name but received ${JSON.stringify(tool)}.`);
    }
    const { name, description, parameters } = of;
    return {
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
    };
  });
}

/** `any` and `required` are the same to LangChain; a name may stand alone or in the shape of OpenAI's. */
export function toToolChoice(choice: unknown): AskOptions['toolChoice'] {
  if (choice === undefined) return undefined;
  if (choice === 'any' || choice === 'required') return 'required';
  if (choice === 'auto' || choice === 'none') return choice;
  if (typeof choice === 'string') return { name: choice };
  const { function: of, name = of?.name } = choice as { function?: { name?: unknown }; name?: unknown };
  if (typeof name === 'string') return { name };
  throw new EngramError(
    'usage',
    `Expected auto, any, none or a tool's name for tool_choice but received ${JSON.stringify(choice)}.`,
  );
}

/** What comes last in a stream: everything but the text. Without an id LangChain takes a call for an invalid one; with one it
 * would complete the JSON of a call that was cut off. */
export function lastChunk(answer: Answer): AIMessageChunk {
  const { toolCalls = [], cutToolCall } = answer;
  const calls: (Partial<Pick<ToolCall, 'id' | 'name'>> & { args: string })[] = toolCalls.map(
    ({ id, name, arguments: args }) => ({ id, name, args: JSON.stringify(args) }),
  );
  if (cutToolCall !== undefined) calls.push({ ...nameOf(cutToolCall), args: cutToolCall.arguments });
  return new AIMessageChunk({
    content: '',
    tool_call_chunks: calls.map((call, index) => ({ type: 'tool_call_chunk' as const, ...call, index })),
    ...metadataOf(answer),
  });
}

/** The whole answer. */
export function toAIMessage(answer: Answer): AIMessage {
  return new AIMessage({
    content: answer.answer,
    tool_calls: (answer.toolCalls ?? []).map(fromToolCall),
    invalid_tool_calls: answer.cutToolCall === undefined ? [] : [fromCutToolCall(answer.cutToolCall)],
    ...metadataOf(answer),
  });
}

const nameOf = ({ name }: CutToolCall) => (name === undefined ? {} : { name });

const fromCutToolCall = (call: CutToolCall) => ({
  type: 'invalid_tool_call' as const,
  ...nameOf(call),
  args: call.arguments,
  error: 'The answer was cut off before the JSON of this call ended: allow more maxTokens.',
});

/** LangChain's generic types make of `usage_metadata` something that can only be undefined. */
const metadataOf = (answer: Answer) => ({
  usage_metadata: usageOf(answer) as never,
  response_metadata: infoOf(answer),
});

function usageOf({ promptTokens, reusedTokens, tokens }: Answer): UsageMetadata {
  return {
    input_tokens: promptTokens,
    output_tokens: tokens,
    total_tokens: promptTokens + tokens,
    input_token_details: { cache_read: reusedTokens },
  };
}

/** As LangChain's older `llmOutput` has it. */
export function tokenUsageOf(answers: readonly Answer[]): Record<string, number> {
  const sum = (of: (answer: Answer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const [promptTokens, completionTokens] = [sum((answer) => answer.promptTokens), sum((answer) => answer.tokens)];
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}

/** By the model's own tokens; parts that are no text count nothing. */
export function countTokens(
  engram: Engram,
  content: Parameters<BaseLanguageModel['getNumTokens']>[0],
): Promise<number> {
  const parts =
    typeof content === 'string' ? [content] : content.map((part) => (part.type === 'text' ? part['text'] : ''));
  return engram.countTokens(parts.join(''));
}
