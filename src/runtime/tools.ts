// Tools that the runtime runs itself: what they are, and what a model is told of them. Not here: running them (tool-loop.ts).
import { EngramError } from '../errors.js';
import type { Tool, ToolCall } from '../inference/index.js';

/** A tool that the runtime runs itself; without `execute` its calls are the caller's to answer. */
export interface RunnableTool extends Tool {
  /** What it gives: a text, or a value that is put as JSON. What it throws is told to the model, but for an AbortError. */
  execute?: ((args: Record<string, unknown>, context: ToolContext) => unknown) | undefined;
}

export interface ToolContext {
  call: ToolCall;
  signal: AbortSignal | undefined;
}

export interface ToolResult {
  call: ToolCall;
  /** As the model reads it. */
  result: string;
  /** The tool threw, and `result` says what. */
  failed: boolean;
}

/** Tools as the model is told of them. Throws `usage` for what is no function. */
export function withoutExecute(tools: readonly RunnableTool[]): Tool[] {
  return tools.map(({ execute, ...tool }) => {
    if (execute === undefined || typeof execute === 'function') return tool;
    throw new EngramError('usage', `Expected a function for execute of the tool "${tool.name}".`, { option: 'tools' });
  });
}
