// The tools that a model may ask to be called, from a file, and its calls as lines. Not here: calling them, which is the caller's.
import { EngramError } from '../errors.js';
import type { AskOptions, Tool, ToolCall } from '../index.js';
import { isObject } from '../is-object.js';
import type { CommandSpec, Options } from './command.js';
import { stringOf, textOfFile } from './input.js';

export const TOOLS: NonNullable<CommandSpec['options']> = [
  ['--tools <file>', 'JSON array of tools {name, description, parameters} that the model may ask to be called'],
  ['--tool-choice <auto|required|none|name>', 'whether it may, must or must not call, or which (default: auto)'],
];

/** Throws `usage`, and what reading a file throws. */
export async function toolsOf(options: Options): Promise<Pick<AskOptions, 'tools' | 'toolChoice'>> {
  const [path, choice] = [stringOf(options, 'tools'), stringOf(options, 'toolChoice')];
  if (path === undefined) {
    if (choice !== undefined) throw new EngramError('usage', 'A --tool-choice needs --tools.');
    return {};
  }
  const tools = parseTools(await textOfFile(path, 'file of tools'), path);
  return { tools, toolChoice: choice === undefined ? undefined : choiceOf(choice) };
}

/** Each call a line: its name, and its arguments as JSON. */
export function callLines(calls: readonly ToolCall[]): string[] {
  return calls.map(({ name, arguments: given }) => `${name} ${JSON.stringify(given)}`);
}

function choiceOf(text: string): NonNullable<AskOptions['toolChoice']> {
  return text === 'auto' || text === 'required' || text === 'none' ? text : { name: text };
}

/** Also in the layout of OpenAI, where each is `{type: "function", function: {…}}`. What a tool must be the API checks. */
function parseTools(text: string, path: string): Tool[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EngramError('usage', `The tools in ${path} are no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(value) || value.length === 0)
    throw new EngramError('usage', `Expected an array of tools in ${path}.`);
  return value.map((item: unknown) => {
    const tool = isObject(item) && isObject(item['function']) ? item['function'] : item;
    if (isObject(tool)) return tool as unknown as Tool;
    throw new EngramError('usage', `Expected objects in the array of tools in ${path}.`);
  });
}
