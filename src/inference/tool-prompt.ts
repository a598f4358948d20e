// A conversation with tools for models whose chat template knows none: the tools are told in the system message, calls and
// results become plain text. Not here: templates that know tools (call-syntax.ts).
import { PLAIN_SYNTAX, type CallSyntax } from './call-syntax.js';
import { writeJson } from './json-schema.js';
import type { ChatMessage, Tool, ToolCall } from './types.js';

export function tellOfTools(messages: readonly ChatMessage[], tools: readonly Tool[]): ChatMessage[] {
  const out: ChatMessage[] = [];
  for (const { role, content, toolCalls = [] } of messages) {
    const last = out.at(-1);
    if (role === 'tool') {
      const result = `<tool_response>\n${content}\n</tool_response>`;
      // Several results are one message: templates want user and assistant in turns.
      if (last?.role === 'user' && last.content.endsWith('</tool_response>')) {
        out[out.length - 1] = { role: 'user', content: `${last.content}\n${result}` };
      } else out.push({ role: 'user', content: result });
    } else if (toolCalls.length > 0) {
      const text = [content, writeCalls(PLAIN_SYNTAX, toolCalls)].filter((part) => part !== '').join('\n');
      out.push({ role, content: text });
    } else out.push({ role, content });
  }
  if (tools.length === 0) return out;
  const [first, ...rest] = out;
  if (first?.role !== 'system') return [{ role: 'system', content: told(tools) }, ...out];
  return [{ role: 'system', content: `${first.content}\n\n${told(tools)}` }, ...rest];
}

function told(tools: readonly Tool[]): string {
  return `You can call functions. Each has a JSON schema of its arguments:
${tools.map(({ name, description, parameters }) => writeJson({ name, description, parameters })).join('\n')}

To call a function, answer with nothing but its name and arguments:
<tool_call>
{"name": "the name", "arguments": {"an argument": "its value"}}
</tool_call>`;
}

function writeCalls(syntax: CallSyntax, calls: readonly ToolCall[]): string {
  const write = (call: ToolCall): string =>
    syntax.call
      .map((part) => {
        if ('text' in part) return part.text;
        return part.slot === 'arguments' ? writeJson(call.arguments) : call[part.slot];
      })
      .join('');
  return `${syntax.opening}${calls.map(write).join(syntax.between ?? '\n')}${syntax.closing}`;
}
