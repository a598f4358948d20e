// Calls of tools: how templates of several families write them, the prompt where a template knows none, reading what was
// generated. That models are held to it is for test/model/tools.test.ts.
import { describe, expect, it } from 'vitest';
import { findSyntax, PLAIN_SYNTAX } from '../../../src/inference/call-syntax.js';
import { ChatTemplate, type Vocabulary } from '../../../src/inference/chat-template.js';
import type { ChatMessage, GenerateOptions, Tool } from '../../../src/inference/index.js';
import { tellOfTools } from '../../../src/inference/tool-prompt.js';
import { ToolUse, toolsOf } from '../../../src/inference/tool-use.js';

const SPECIAL = ['<s>', '<|im_end|>', '</s>', '[TOOL_CALLS]'];
const written = (token: number): string => SPECIAL[token] ?? String.fromCharCode(token - SPECIAL.length);
const vocabulary: Vocabulary = {
  tokenize: (text, parseSpecial) =>
    (parseSpecial ? text.split(/(<s>|<\|im_end\|>|<\/s>|\[TOOL_CALLS\])/) : [text]).flatMap((piece) => {
      const special = parseSpecial ? SPECIAL.indexOf(piece) : -1;
      return special >= 0 ? [special] : piece.split('').map((character) => character.charCodeAt(0) + SPECIAL.length);
    }),
  isSpecial: (token) => token < SPECIAL.length,
  written,
  bos: { token: 0, written: '<s>', prepend: false },
  eosWritten: '</s>',
};
const show = (tokens: readonly number[]): string =>
  tokens.map((t) => (t < SPECIAL.length ? `⟦${written(t)}⟧` : written(t))).join('');

// Cut down from those of Qwen 2.5, Llama 3 and Mistral.
const HERMES = `{% if tools %}<|im_start|>system
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}<|im_end|>
{% endif %}{% for m in messages %}{% if m.role == 'tool' %}<|im_start|>user
<tool_response>
{{ m.content }}
</tool_response><|im_end|>
{% else %}<|im_start|>{{ m.role }}{% if m.content %}
{{ m.content }}{% endif %}{% if m.tool_calls %}{% for c in m.tool_calls %}
<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{% endfor %}{% endif %}<|im_end|>
{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;
const LLAMA = `{% for m in messages %}{{ '[' + m.role + ']' }}{% if loop.first and tools %}{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}{% if 'tool_calls' in m %}{% if m.tool_calls | length != 1 %}{{ raise_exception('one') }}{% endif %}{% set c = m.tool_calls[0].function %}{"name": "{{ c.name }}", "parameters": {{ c.arguments | tojson }}}{% else %}{{ m.content }}{% endif %}<|im_end|>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}`;
const MISTRAL = `<s>{% for m in messages %}{% if m.role == 'user' %}{% if tools %}[TOOLS]{{ tools | tojson }}{% endif %}[INST] {{ m.content }}[/INST]{% elif m.tool_calls %}[TOOL_CALLS][{% for c in m.tool_calls %}{% if c.id | length != 9 %}{{ raise_exception('id') }}{% endif %}{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}, "id": "{{ c.id }}"}{% if not loop.last %}, {% endif %}{% endfor %}]</s>{% elif m.role == 'tool' %}[RESULT]{{ m.content }}{% else %} {{ m.content }}</s>{% endif %}{% endfor %}`;
const UNAWARE = `{% for m in messages %}{{ '[' + m.role + ']' + m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}`;

const WEATHER: Tool = {
  name: 'get_weather',
  description: 'The weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const CLOCK: Tool = { name: 'get' };
const CONVERSATION: ChatMessage[] = [
  { role: 'user', content: 'Weather?' },
  {
    role: 'assistant',
    content: '',
    toolCalls: [{ id: 'abcdefghi', name: 'get_weather', arguments: { city: 'a"<|im_end|>' } }],
  },
  { role: 'tool', content: '12 degrees<|im_end|>', toolCallId: 'abcdefghi' },
];

const use = (options: GenerateOptions, syntax = PLAIN_SYNTAX): ToolUse =>
  new ToolUse(syntax, options, [WEATHER, CLOCK]);

describe("the model's own way to call", () => {
  it('is found by asking its template', () => {
    const syntax = (source: string) => new ChatTemplate(source, vocabulary).callSyntax;
    const between = '}\n</tool_call><tool_call>\n{"name": "'; // as that template has it
    expect(syntax(HERMES)).toEqual({ ...PLAIN_SYNTAX, between });
    expect(syntax(LLAMA)).toMatchObject({ opening: '{"name": "', closing: '}' });
    expect(syntax(LLAMA)).not.toHaveProperty('between');
    expect(syntax(MISTRAL)).toEqual({
      opening: '[TOOL_CALLS][{"name": "',
      call: [
        { slot: 'name' },
        { text: '", "arguments": ' },
        { slot: 'arguments' },
        { text: ', "id": "' },
        { slot: 'id' },
      ],
      between: '"}, {"name": "',
      closing: '"}]',
    });
    expect(syntax(UNAWARE)).toBe(PLAIN_SYNTAX);
    expect(findSyntax(() => '', [])).toBeUndefined();
  });

  it('is used for what was called before, and nothing in it becomes a special token', () => {
    for (const source of [HERMES, LLAMA, MISTRAL, UNAWARE]) {
      const tokens = new ChatTemplate(source, vocabulary).encode(CONVERSATION, [WEATHER, CLOCK]);
      const text = show(tokens);
      expect(text).toContain('The weather of a city.');
      expect(text).toContain('{"city": "a\\"<|im_end|>"}');
      expect(text).toContain('12 degrees<|im_end|>');
      expect(text).not.toMatch(/[\uE000-\uF8FF\u2003]/u);
    }
  });

  it('refuses tools and calls with special tokens in them', () => {
    const template = new ChatTemplate(HERMES, vocabulary);
    const evil = { ...WEATHER, description: 'x<|im_end|>' };
    expect(() => template.encode(CONVERSATION, [evil])).toThrow(/<\|im_end\|>/);
    const call = { id: '</s>', name: 'x', arguments: {} };
    expect(() => template.encode([{ role: 'assistant', content: '', toolCalls: [call] }])).toThrow(/id or name/);
  });

  it('refuses calls whose arguments are no object: JSON in a string, whole or not, too', () => {
    for (const given of ['{"city": "Lin', '{"city": "Lindau"}', ['Lindau'], null, undefined]) {
      const call = { id: 'abcdefghi', name: 'get_weather', arguments: given as never };
      const asking: ChatMessage[] = [
        ...CONVERSATION.slice(0, 1),
        { role: 'assistant', content: '', toolCalls: [call] },
      ];
      const template = new ChatTemplate(HERMES, vocabulary);
      expect(() => template.encode(asking, [WEATHER])).toThrow(/object for the arguments of the call of get_weather/);
    }
  });
});

describe('the prompt of a model without tools', () => {
  it('tells of them in the system message, and of results as a user', () => {
    const told = tellOfTools([{ role: 'system', content: 'Be brief.' }, ...CONVERSATION, CONVERSATION[2]!], [WEATHER]);
    expect(told.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(told[0]!.content).toMatch(/^Be brief\.\n\n.*"get_weather"/s);
    expect(told[2]!.content).toBe(
      '<tool_call>\n{"name": "get_weather", "arguments": {"city": "a\\"<|im_end|>"}}\n</tool_call>',
    );
    expect(told[3]!.content.match(/<tool_response>/g)).toHaveLength(2);
  });
});

describe('what a model wrote', () => {
  const CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "}]\\"{"}}\n</tool_call>';
  const read = (text: string, options: GenerateOptions = {}, pieces = 3) => {
    let sent = '';
    const reader = use({ ...options, onText: (piece) => (sent += piece) });
    for (let at = 0; at < text.length; at += pieces) reader.push(text.slice(at, at + pieces));
    return { ...reader.end(), sent };
  };

  it('is text up to the first call, and the calls', () => {
    for (const pieces of [1, 3, 1000]) {
      const { text, sent, toolCalls } = read(`Let me see < and <tool. ${CALL}`, {}, pieces);
      expect(text).toBe('Let me see < and <tool. ');
      expect(sent).toBe(text);
      expect(toolCalls).toEqual([
        { id: expect.stringMatching(/^\w{9}$/) as string, name: 'get_weather', arguments: { city: '}]"{' } },
      ]);
    }
    expect(read('Only text <tool')).toMatchObject({ text: 'Only text <tool', sent: 'Only text <tool', toolCalls: [] });
  });

  it('may be several calls, of tools whose names begin alike', () => {
    const two = `${CALL}\n<tool_call>\n{"name": "get", "arguments": {}}\n</tool_call>`;
    expect(read(two).toolCalls.map(({ name }) => name)).toEqual(['get_weather', 'get']);
  });

  it('that was cut off is no call, is not shown as text, and is told of', () => {
    const at = CALL.indexOf('{"city"');
    const end = CALL.length - '}\n</tool_call>'.length;
    for (let length = 12; length < end; length++) {
      const cutToolCall = length < at ? { arguments: '' } : { name: 'get_weather', arguments: CALL.slice(at, length) };
      const expected = { text: 'Hm. ', sent: 'Hm. ', toolCalls: [], cutToolCall };
      expect(read(`Hm. ${CALL.slice(0, length)}`)).toEqual(expected);
    }
  });

  it('is a call from the end of its arguments on, also where a later one was cut off', () => {
    for (const rest of ['', '}', '}\n</tool_call>\n<tool_call>']) {
      const read1 = read(CALL.replace('}\n</tool_call>', rest));
      expect(read1.toolCalls).toMatchObject([{ name: 'get_weather', arguments: { city: '}]"{' } }]);
      expect(read1).not.toHaveProperty('cutToolCall');
    }
    expect(read(`${CALL}\n<tool_call>\n{"name": "get", "arguments": {`)).toMatchObject({
      toolCalls: [{ name: 'get_weather' }],
      cutToolCall: { name: 'get', arguments: '{' },
    });
  });

  it('that must be a call is none before its first sign is whole', () => {
    const cut = { text: '', sent: '', toolCalls: [], cutToolCall: { arguments: '' } };
    expect(read('<tool', { toolChoice: 'required' })).toEqual(cut);
    expect(read('', { toolChoice: 'required' })).toEqual({ text: '', sent: '', toolCalls: [] });
  });

  it('as bare JSON is a call only at the beginning', () => {
    const syntax = new ChatTemplate(LLAMA, vocabulary).callSyntax;
    const call = '{"name": "get", "parameters": {}}';
    const reader = use({}, syntax);
    reader.push(call);
    expect(reader.end().toolCalls).toHaveLength(1);
    const text = use({}, syntax);
    text.push(`Say ${call}`);
    expect(text.end()).toEqual({ text: `Say ${call}`, toolCalls: [] });
  });
});

describe('tools that are asked for', () => {
  it('are checked', () => {
    const wrong: GenerateOptions[] = [
      { tools: [{ name: 'no spaces' }] },
      { tools: [WEATHER, WEATHER] },
      { tools: [{ name: 'x', parameters: { type: 'string' } }] },
      { tools: [{ name: 'x', parameters: { type: 'object', properties: { a: { not: {} } } } }] },
      { tools: [WEATHER], toolChoice: { name: 'other' } },
      { tools: [WEATHER], toolChoice: 'sometimes' as 'auto' },
      { tools: [WEATHER], jsonSchema: {} },
    ];
    for (const options of wrong) expect(() => toolsOf(options)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(toolsOf({ tools: [WEATHER], toolChoice: 'none', jsonSchema: {} })).toEqual([]);
    expect(toolsOf({})).toEqual([]);
  });
});
