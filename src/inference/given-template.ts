// The chat template that a user gives in place of the model's own: by a name, or as a file of Jinja or a tokenizer_config.json.
// Not here: what a template makes of a conversation (chat-template.ts).
import { readFileSync, statSync } from 'node:fs';
import { Template } from '@huggingface/jinja';
import { suggest } from '../config.js';
import { EngramError, fromSystemError, isSystemError } from '../errors.js';
import { isObject } from '../is-object.js';
import { KNOWN_TEMPLATES } from './known-templates.js';

/** Bytes; the longest that are known have 20,000. */
const LONGEST = 2 ** 20;

/** The text of a template. Throws `usage` for what is neither a name nor a file, and for a template that cannot be read. */
export function readChatTemplate(nameOrFile: string): string {
  if (Object.hasOwn(KNOWN_TEMPLATES, nameOrFile)) return KNOWN_TEMPLATES[nameOrFile]!;
  const text = templateOfFile(nameOrFile, readFile(nameOrFile));
  try {
    new Template(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EngramError('usage', `The chat template ${nameOrFile} cannot be read: ${why}`, { cause: error });
  }
  return text;
}

function readFile(path: string): string {
  try {
    if (statSync(path).size > LONGEST) {
      throw new EngramError('usage', `${path} is longer than ${LONGEST / 2 ** 20} MiB, so it is no chat template.`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw unknown(path);
    if (error instanceof TypeError) throw new EngramError('usage', `${path} is not UTF-8 text.`, { cause: error });
    throw fromSystemError(error, path);
  }
}

/** What transformers keeps beside a tokenizer holds the template under a key, or several by name. */
function templateOfFile(path: string, text: string): string {
  if (!/^\s*\{\s*"/.test(text)) return text;
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return text; // Jinja may begin so too
  }
  const given = isObject(config) ? config['chat_template'] : undefined;
  const named = Array.isArray(given) ? (given as unknown[]).filter(isObject) : [];
  const found = named.find(({ name }) => name === 'default')?.['template'] ?? given;
  if (typeof found === 'string') return found;
  throw new EngramError('usage', `${path} is JSON without a "chat_template".`, {
    hint: 'Give a tokenizer_config.json that has one, or a file of the template itself.',
  });
}

function unknown(given: string): EngramError {
  const names = Object.keys(KNOWN_TEMPLATES);
  const guess = suggest(given, names);
  return new EngramError('usage', `There is no chat template "${given}", and no such file.`, {
    hint: guess === undefined ? `Names: ${names.join(', ')}.` : `Did you mean "${guess}"?`,
  });
}
