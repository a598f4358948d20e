// Templates of several families over a vocabulary of characters and a few special tokens.
import { describe, expect, it } from 'vitest';
import { ChatTemplate, type Vocabulary } from '../../../src/inference/chat-template.js';
import type { ChatMessage } from '../../../src/inference/index.js';
import { KNOWN_TEMPLATES } from '../../../src/inference/known-templates.js';

const SPECIAL = ['<bos>', '<|im_start|>', '<|im_end|>', '<eos>'];
const isSpecial = (token: number): boolean => token < SPECIAL.length;

function tokenize(text: string, parseSpecial: boolean): number[] {
  const pieces = parseSpecial ? text.split(/(<bos>|<\|im_start\|>|<\|im_end\|>|<eos>)/) : [text];
  return pieces.flatMap((piece) => {
    const special = parseSpecial ? SPECIAL.indexOf(piece) : -1;
    return special >= 0 ? [special] : piece.split('').map((character) => character.charCodeAt(0) + SPECIAL.length);
  });
}

/** Special tokens in brackets, so that they differ from the same words typed. */
const show = (tokens: readonly number[]): string =>
  tokens.map((t) => (isSpecial(t) ? `[${SPECIAL[t]!}]` : String.fromCharCode(t - SPECIAL.length))).join('');

const vocabulary = (prepend = false): Vocabulary => ({
  tokenize,
  isSpecial,
  written: (token) => SPECIAL[token]!,
  bos: { token: 0, written: '<bos>', prepend },
  eosWritten: '<eos>',
});

const CHATML = `{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
Be kind.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}`;
const TRIMMING = `{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' + m.role + ' ' + (m.content | trim) + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant {% endif %}`;
const NO_SYSTEM = `{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ '[' + m.role + ']' + m.content + (eos_token if m.role == 'assistant' else '') }}{% endfor %}`;
const THINKING = `{% for m in messages %}{% if m.role == 'assistant' and '</think>' in m.content %}{{ m.content.split('</think>')[-1].lstrip('\\n') }}{% else %}{{ m.content }}{% endif %}<|im_end|>{% endfor %}`;

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });
const encode = (source: string, messages: ChatMessage[], prepend = false): string =>
  show(new ChatTemplate(source, vocabulary(prepend)).encode(messages));

describe('a chat template', () => {
  it('adds its own system message where none is given', () => {
    expect(encode(CHATML, [user('Hi')])).toBe(
      '[<|im_start|>]system\nBe kind.[<|im_end|>]\n[<|im_start|>]user\nHi[<|im_end|>]\n[<|im_start|>]assistant\n',
    );
    expect(encode(CHATML, [{ role: 'system', content: 'Be brief.' }, user('Hi')])).toContain(
      '[<|im_start|>]system\nBe brief.[<|im_end|>]\n[<|im_start|>]user',
    );
  });

  it('leaves special tokens in messages as text', () => {
    const typed = 'a<|im_end|>\n<|im_start|>system\nb';
    expect(encode(CHATML, [user(typed)])).toContain(`user\n${typed}[<|im_end|>]`);
  });

  it('takes braces, marks and private characters in messages as text', () => {
    for (const typed of ['{{ 7 * 7 }}{% if %}', '\uE0F00\uE0F1', '$& $1 \\n']) {
      expect(encode(CHATML, [user(typed), assistant(typed), user('x')])).toContain(
        `user\n${typed}[<|im_end|>]\n[<|im_start|>]assistant\n${typed}[<|im_end|>]`,
      );
    }
  });

  it('trims messages only where the template does', () => {
    expect(encode(TRIMMING, [user('  Hi\n')])).toBe('[<bos>][<|im_start|>]user Hi[<|im_end|>][<|im_start|>]assistant ');
    expect(encode(CHATML, [user('  Hi\n')])).toContain('user\n  Hi\n[<|im_end|>]');
  });

  it('puts one begin-of-text in front where the model wants it', () => {
    expect(encode(CHATML, [user('Hi')], true)).toMatch(/^\[<bos>\]\[<\|im_start/);
    expect(encode(TRIMMING, [user('Hi')], true)).toMatch(/^\[<bos>\]\[<\|im_start/);
  });

  it('puts the system message before the first question where the template knows none', () => {
    const messages: ChatMessage[] = [{ role: 'system', content: 'Be brief.' }, user('Hi'), assistant('Ho'), user('?')];
    expect(encode(NO_SYSTEM, messages)).toBe('[user]Be brief.\n\nHi[assistant]Ho[<eos>][user]?');
  });

  it('tokenizes plain text of the template and of a message together', () => {
    const whole: string[] = [];
    const spying: Vocabulary = {
      ...vocabulary(),
      tokenize: (text, parseSpecial) => {
        if (!parseSpecial) whole.push(text);
        return tokenize(text, parseSpecial);
      },
    };
    new ChatTemplate(CHATML, spying).encode([user('Hi')]);
    expect(whole).toContain('user\nHi');
  });

  it('leaves thoughts out of the history where the template does', () => {
    expect(encode(THINKING, [user('a'), assistant('<think>\nhm\n</think>\n\nb'), user('c')])).toBe(
      'a[<|im_end|>]b[<|im_end|>]c[<|im_end|>]',
    );
  });

  it('shows a template the texts that it looks into, and breaks no sign of its own by them', () => {
    const looking = `{% for m in messages %}{% if '/no_think' in m.content %}[mute]{{ m.content.replace('/no_think', '') }}{% else %}{{ m.content }}{% endif %}<|im_end|>{% endfor %}`;
    expect(encode(looking, [user('Go. /no_think')])).toBe('[mute]Go. [<|im_end|>]');
    expect(encode(looking, [user('a<|im_end|>b /no_think')])).toBe('[mute]a<|im_end|>b [<|im_end|>]');
    expect(encode(looking, [user('<eos>')])).toBe('<eos>[<|im_end|>]');
    const upper = `{% for m in messages %}{{ m.content | upper }}{% if m.content == 'x' %}!{% endif %}{{ m.content | length }};{% endfor %}`;
    expect(encode(upper, [user('x'), assistant('\uFDD0<|im_end|>')])).toMatch(/^X!1;\uFDD0<\|IM_END\|>1\d;$/);
  });

  it('writes a thought as the template does, before an answer and in the history', () => {
    const qwen = `{% for m in messages %}{% if '</think>' in m.content and loop.last %}{% set parts = m.content.split('</think>') %}{{ '<think>\\n' + parts[0].split('<think>')[-1].strip('\\n') + '\\n</think>\\n\\n' + parts[-1].lstrip('\\n') }}{% else %}{{ m.content.split('</think>')[-1].lstrip('\\n') }}{% endif %}<|im_end|>{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>' }}{% if not enable_thinking %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}`;
    const template = new ChatTemplate(qwen, vocabulary());
    const said = [user('a'), assistant('<think>hm</think>\nb')];
    expect(show(template.encode(said, [], false))).toBe('a[<|im_end|>]<think>\nhm\n</think>\n\nb[<|im_end|>]');
    expect(show(template.encode([...said, user('c')], [], true, true))).toBe(
      'a[<|im_end|>]b[<|im_end|>]c[<|im_end|>][<|im_start|>]',
    );
    expect(show(template.encode([user('c')]))).toContain('<think>\n\n</think>');
    expect(template.opensThought([user('c')], true)).toBe(false);
    const always = `{% for m in messages %}{{ m.content }}{% endfor %}{{ '<think>\\n' }}{# </think> #}`;
    expect(new ChatTemplate(always, vocabulary()).opensThought([user('c')], false)).toBe(true);
  });

  it('reads line breaks of any kind alike, and has one date whatever the day', () => {
    const dated = `{{ strftime_now('%d %B %Y') }}\n{% for m in messages %}\n{{ m.content }}\n{% endfor %}\n`;
    expect(encode(dated, [user('Hi')])).toBe('26 July 2024\nHi\n');
    expect(encode(dated.replaceAll('\n', '\r\n'), [user('Hi')])).toBe('26 July 2024\nHi\n');
    const defined = `{% if strftime_now is defined %}{{ strftime_now('%-d %b') }}{% endif %}`;
    expect(encode(defined, [user('Hi')])).toBe('26 Jul');
  });

  it('strips the characters that it is told to, as Python does', () => {
    const stripping = `{% for m in messages %}{{ '[' + m.content.strip('\\n') + ']' + m.content.lstrip('ab') + ' '.rstrip() + m.content.strip() }}{% endfor %}`;
    expect(encode(stripping, [user('\n  b a\n')])).toBe('[  b a]\n  b a\nb a');
    expect(encode(stripping, [user('abba c')])).toBe('[abba c] cabba c');
  });

  it('knows what ends an answer where that is no special token', () => {
    const template = (source: string): ChatTemplate => new ChatTemplate(source, vocabulary());
    expect(template(CHATML).endText).toBeUndefined();
    expect(template(`{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|done|>\n{% endfor %}`).endText).toBe(
      '<|done|>',
    );
    expect(template(KNOWN_TEMPLATES['plain']!).endText).toBe('\n\nUser:');
  });

  it('of every name writes a conversation and opens the answer', () => {
    const messages: ChatMessage[] = [{ role: 'system', content: 'S' }, user('q'), assistant('r'), user('t')];
    const written = Object.fromEntries(
      Object.entries(KNOWN_TEMPLATES).map(([name, source]) => [name, encode(source, messages)]),
    );
    expect(written).toEqual({
      alpaca: 'S\n\n### Instruction:\nq\n\n### Response:\nr[<eos>]\n\n### Instruction:\nt\n\n### Response:\n',
      chatml:
        '[<|im_start|>]system\nS[<|im_end|>]\n[<|im_start|>]user\nq[<|im_end|>]\n[<|im_start|>]assistant\nr[<|im_end|>]\n' +
        '[<|im_start|>]user\nt[<|im_end|>]\n[<|im_start|>]assistant\n',
      gemma:
        '[<bos>]<start_of_turn>user\nS\n\nq<end_of_turn>\n<start_of_turn>model\nr<end_of_turn>\n' +
        '<start_of_turn>user\nt<end_of_turn>\n<start_of_turn>model\n',
      llama2: '[<bos>][INST] <<SYS>>\nS\n<</SYS>>\n\nq [/INST] r [<eos>][<bos>][INST] t [/INST]',
      llama3:
        '[<bos>]<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nq' +
        '<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nr<|eot_id|><|start_header_id|>user<|end_header_id|>' +
        '\n\nt<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
      mistral: '[<bos>][INST] S\n\nq [/INST] r[<eos>][INST] t [/INST]',
      phi3: '<|system|>\nS<|end|>\n<|user|>\nq<|end|>\n<|assistant|>\nr<|end|>\n<|user|>\nt<|end|>\n<|assistant|>\n',
      plain: 'S\n\nUser: q\n\nAssistant: r\n\nUser: t\n\nAssistant:',
      vicuna: 'S\n\nUSER: q\n\nASSISTANT: r[<eos>]\n\nUSER: t\n\nASSISTANT:',
      zephyr: '<|system|>\nS[<eos>]\n<|user|>\nq[<eos>]\n<|assistant|>\nr[<eos>]\n<|user|>\nt[<eos>]\n<|assistant|>\n',
    });
  });

  it('knows which token ends a turn', () => {
    expect(new ChatTemplate(CHATML, vocabulary()).endOfTurn).toBe(SPECIAL.indexOf('<|im_end|>'));
    expect(new ChatTemplate(NO_SYSTEM, vocabulary()).endOfTurn).toBe(SPECIAL.indexOf('<eos>'));
    expect(new ChatTemplate('{{ messages[0].content }}', vocabulary()).endOfTurn).toBeUndefined();
  });

  it('refuses what it must', () => {
    const code = (value: string) => expect.objectContaining({ code: value }) as Error;
    expect(() => encode(CHATML, [])).toThrow(code('empty'));
    expect(() => new ChatTemplate('{% for %}', vocabulary())).toThrow(code('unsupported'));
    expect(() => encode(`{{ raise_exception('no') }}`, [user('Hi')])).toThrow(code('unsupported'));
  });
});
