// Chat templates by name and by file.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readChatTemplate } from '../../../src/inference/given-template.js';
import { KNOWN_TEMPLATES } from '../../../src/inference/known-templates.js';

const folder = mkdtempSync(join(tmpdir(), 'engram-template-'));
const file = (name: string, text: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const code = (value: string) => expect.objectContaining({ code: value }) as Error;

describe('a chat template that is given', () => {
  it('is found by its name, in a file, and in what transformers keeps of a tokenizer', () => {
    expect(readChatTemplate('gemma')).toBe(KNOWN_TEMPLATES['gemma']);
    expect(readChatTemplate(file('a.jinja', '{{ messages[0].content }}'))).toBe('{{ messages[0].content }}');
    expect(readChatTemplate(file('b.json', '{"eos_token": "x", "chat_template": "{{ 1 }}"}'))).toBe('{{ 1 }}');
    const several = [
      { name: 'tool_use', template: '{{ 2 }}' },
      { name: 'default', template: '{{ 3 }}' },
    ];
    expect(readChatTemplate(file('c.json', JSON.stringify({ chat_template: several })))).toBe('{{ 3 }}');
  });

  it('is refused in words where it is none', () => {
    expect(() => readChatTemplate('chatmll')).toThrow(/no chat template "chatmll"/);
    expect(() => readChatTemplate(join(folder, 'none.jinja'))).toThrow(code('usage'));
    expect(() => readChatTemplate(file('d.jinja', '{% for %}'))).toThrow(code('usage'));
    expect(() => readChatTemplate(file('e.json', '{"eos_token": "x"}'))).toThrow(/without a "chat_template"/);
    expect(() => readChatTemplate(file('f.jinja', Buffer.from([0xff, 0xfe, 0x00])))).toThrow(/UTF-8/);
    expect(() => readChatTemplate(file('g.jinja', ' '.repeat(2 ** 20 + 1)))).toThrow(/longer than/);
    expect(() => readChatTemplate(folder)).toThrow(code('disk'));
  });
});
