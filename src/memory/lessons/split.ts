// A long text becomes memories: a note each, a sentence each with those that lean on it. What says nothing by itself (headings,
// questions, fragments) and what was said before is left out. Not here: lessons of a memory (make.ts), files (file.ts).
import { EngramError } from '../../errors.js';
import type { ChatMessage } from '../../inference/index.js';
import { legible, lowerFirst, normalize, sentences, words } from '../text.js';
import type { MemoryInput, MemorySource } from '../types.js';
import { clauseOf } from './clause.js';
import { languageOf } from './language.js';
import { MAX_CHARACTERS } from './make.js';
import { QUESTION_WORD } from './wordings.js';

/** Words; a longer text is a library, for `ingest`. */
const MAX_WORDS = 50_000;
/** A memory of a text, at most. */
const GROUP = { sentences: 3, characters: 600 };

const LEANS =
  /^(?:he|she|it|they|him|her|his|its|their|this|these|that|those|there|then|however|but|and|so|also|therefore|thus|here|such|both|afterwards|moreover|instead|er|sie|es|dies|dort|dann|il|elle|ils|elles|ce|cela|él|ella|esto|他|她|它|这|那)(?![\p{L}\p{N}])/iu;
const BULLET = /^\s*(?:[-*+•–·]|\d{1,3}[.)]|\[[ xX]\])\s+/u;
const HEADING = /^\s*#{1,6}\s+/u;

/** The memories in a source, in order, none twice. A text of a few sentences is one. Throws `empty` if nothing in it can be
 * remembered, and `too_long`. */
export function memoriesOf(source: MemorySource | readonly MemorySource[]): MemoryInput[] {
  const sources = isList(source) ? source : [source];
  const seen = new Set<string>();
  const all = sources.flatMap(ofSource).filter((input) => {
    const key = normalize(typeof input === 'string' ? input : Object.values(input).join(' '));
    return !seen.has(key) && seen.add(key);
  });
  if (all.length > 0) return all;
  throw new EngramError('empty', 'There is nothing in it that could be remembered.', {
    hint: 'A memory is a sentence, a note, a question with its answer, or a triple.',
  });
}

function isList(source: MemorySource | readonly MemorySource[]): source is readonly MemorySource[] {
  return Array.isArray(source);
}

function ofSource(source: MemorySource): MemoryInput[] {
  if (typeof source === 'string') return ofText(source);
  if ('text' in source) return ofText(source.text);
  return 'messages' in source ? ofConversation(source.messages) : [source];
}

function ofText(given: string): MemoryInput[] {
  const text = legible(given);
  const count = text.length > 1e6 ? Infinity : words(text).length;
  if (count > MAX_WORDS) {
    throw new EngramError('too_long', `This has more than ${MAX_WORDS} words, which is too much to be learned.`, {
      hint: 'Ingest it instead: `engram ingest` finds passages in texts of any length.',
      details: { limit: MAX_WORDS },
    });
  }
  const isOne =
    !text.trim().includes('\n') && text.length <= GROUP.characters && sentences(text).length <= GROUP.sentences;
  if (isOne) return normalize(text) === '' ? [] : [text.replace(/\s+/gu, ' ').trim()];
  const out: MemoryInput[] = [];
  let heading = '';
  for (const block of blocksOf(text)) {
    if (block.kind === 'heading') heading = block.text;
    else if (block.kind === 'note') out.push(...noteOf(block.text, heading));
    else out.push(...groupsOf(block.text));
  }
  return out;
}

interface TextBlock {
  kind: 'heading' | 'note' | 'paragraph';
  text: string;
}

/** Lines that belong together; Markdown's headings and lists, and those of plain text. */
function blocksOf(text: string): TextBlock[] {
  const out: TextBlock[] = [];
  let isOpen = false;
  for (const line of text.split(/\r?\n/u)) {
    const trimmed = line.trim();
    const last = out.at(-1);
    if (trimmed === '' || /^(?:[-=_*]{3,}|```.*)$/u.test(trimmed)) isOpen = false;
    else if (HEADING.test(line))
      out.push({ kind: 'heading', text: trimmed.replace(HEADING, '').replace(/[#:\s]+$/u, '') });
    else if (BULLET.test(line)) {
      out.push({ kind: 'note', text: trimmed.replace(BULLET, '') });
      isOpen = true;
    } else if (isOpen && last !== undefined) last.text += ` ${trimmed}`;
    else if (SPEAKER.test(trimmed) || PAIR.test(trimmed)) {
      out.push({ kind: 'note', text: trimmed });
    } else {
      out.push({ kind: 'paragraph', text: trimmed });
      isOpen = true;
    }
    if (HEADING.test(line)) isOpen = false;
  }
  return out;
}

const PAIR = /^(?<key>\p{L}[\p{L}\p{N} '’-]{1,40}):\s+(?<value>\S.{0,200})$/u;
const SPEAKER =
  /^(?<speaker>\p{Lu}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’-]*){0,2}):\s+(?<said>.*\b(?:I|[Mm]y|[Ww]e|[Oo]ur)\b.*)$/u;

/** A note: a sentence, `Key: value`, what somebody said, or a fragment that its heading completes. */
function noteOf(text: string, heading: string): MemoryInput[] {
  const plain = text.replace(/[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}/gu, '');
  if (/[?？]\s*$/u.test(plain) || normalize(plain) === '') return [];
  const { speaker, said } = SPEAKER.exec(plain)?.groups ?? {};
  if (speaker !== undefined && said !== undefined) {
    return isTelling(said) ? [`${speaker} said: “${said.replace(/[“”"]/gu, '')}”`] : [];
  }
  const { key, value } = PAIR.exec(plain)?.groups ?? {};
  const isEnglish = languageOf(plain) === 'en';
  if (key !== undefined && value !== undefined && isEnglish && words(key).length <= 5 && clauseOf(value) === null) {
    const name = /^(?:my|our|the|your|his|her|their|\p{Lu}\p{L}* \p{Lu})/u.test(key)
      ? lowerFirst(key)
      : `the ${lowerFirst(key)}`;
    const of = heading === '' || normalize(heading) === normalize(key) ? '' : ` of ${heading}`;
    return [{ question: `What is ${name}${of}?`, answer: value }];
  }
  if (plain.length > GROUP.characters) return groupsOf(plain);
  const isWhole = words(plain).length >= 4 && (!isEnglish || clauseOf(plain) !== null);
  return [isWhole || heading === '' ? plain : `${heading}: ${plain}`];
}

/** The sentences of a paragraph, those that lean on the one before together with it. */
function groupsOf(paragraph: string): string[] {
  const groups: string[][] = [];
  for (const sentence of sentences(paragraph)) {
    const last = groups.at(-1);
    const fits =
      last !== undefined && last.length < GROUP.sentences && [...last, sentence].join(' ').length <= GROUP.characters;
    if (fits && LEANS.test(sentence)) last.push(sentence);
    else groups.push([sentence]);
  }
  return groups.map((group) => group.join(' ')).filter((group) => isTelling(group) && group.length <= MAX_CHARACTERS);
}

/** Whether a text says something: no question, no greeting, no fragment. */
function isTelling(text: string): boolean {
  const count = words(text).length;
  if (/[?？]\s*$/u.test(text)) return false;
  return languageOf(text) === 'en' ? count >= 4 : count >= 3 || text.length >= 12;
}

/** What the user told, and what the user asked together with what was answered. What else the assistant says is its own. */
function ofConversation(messages: readonly ChatMessage[]): MemoryInput[] {
  return messages.flatMap((message, i): MemoryInput[] => {
    if (message.role !== 'user') return [];
    const next = messages[i + 1];
    const content = message.content.trim();
    const isQuestion = /[?？]\s*$/u.test(content) || (QUESTION_WORD.test(content) && sentences(content).length === 1);
    if (!isQuestion)
      return content.length <= GROUP.characters && !content.includes('\n') ? groupsOf(content) : ofText(content);
    const answer = next?.role === 'assistant' ? next.content.trim() : '';
    const told = groupsOf(
      sentences(content)
        .filter((sentence) => !/[?？]$/u.test(sentence))
        .join(' '),
    );
    const question = sentences(content).at(-1) ?? content;
    return answer === '' || answer.length > GROUP.characters ? told : [...told, { question, answer }];
  });
}
