// A long text becomes memories, as it was written: a note each, a sentence each with those that lean on it. What says nothing by
// itself (questions, greetings, fragments) stays with its neighbour, a heading with what stands under it: all but the marks of layout
// is in some memory, or left out with the reason. Not here: lessons of a memory (make.ts), files (file.ts), blocks (blocks.ts).
import { EngramError } from '../../errors.js';
import type { ChatMessage } from '../../inference/index.js';
import { legible, normalize, onOneLine, sentences, words } from '../../brain/index.js';
import type { MemoryInput, MemorySource } from '../../brain/index.js';
import { blocksOf, PAIR } from './blocks.js';
import { MAX_CHARACTERS } from './make.js';

/** Words; a longer text is a library, for `ingest`. */
const MAX_WORDS = 50_000;
/** A memory of a text, at most. */
const GROUP = { sentences: 3, characters: 600 };
/** Sentences of a memory to which some were added that say nothing alone. */
const MOST_TOGETHER = 8;

const LEANS =
  /^(?:he|she|it|they|him|her|his|its|their|this|these|that|those|there|then|however|but|and|so|also|therefore|thus|here|such|both|afterwards|moreover|instead|er|sie|es|dies|diese|deshalb|außerdem|dort|dann|il|elle|ils|elles|ce|cela|él|ella|esto|ellos|ellas|これ|それ|その|この|彼|彼女|他|她|它|这|那)(?![\p{L}\p{N}])/iu;

/** What a source becomes, and what of it is in no memory. */
export interface SplitSource {
  memories: MemoryInput[];
  left: LeftOut[];
}

/** `unanswered`: a question without an answer that could be learned with it; `empty`: it has no letter or number; `slight`: a message
 * that tells nothing (hello, thanks); `long`: an answer longer than a memory. */
export interface LeftOut {
  text: string;
  why: 'unanswered' | 'empty' | 'slight' | 'long';
}

/** The memories in a source, in order, none twice. A text of a few sentences is one. Throws `empty` if nothing in it can be
 * remembered, and `too_long`. */
export function memoriesOf(source: MemorySource | readonly MemorySource[]): MemoryInput[] {
  return splitSource(source).memories;
}

/** The same with what was left out, to be said. Throws as memoriesOf(). */
export function splitSource(source: MemorySource | readonly MemorySource[]): SplitSource {
  const sources = isList(source) ? source : [source];
  const seen = new Set<string>();
  const left: LeftOut[] = [];
  const memories = sources
    .flatMap((one) => ofSource(one, left))
    .filter((input) => {
      const key = JSON.stringify(input).normalize('NFC');
      return !seen.has(key) && seen.add(key);
    });
  if (memories.length > 0) return { memories, left };
  throw new EngramError('empty', 'There is nothing in it that could be remembered.', {
    hint: 'A memory is a sentence, a note, a question with its answer, or a triple.',
  });
}

function isList(source: MemorySource | readonly MemorySource[]): source is readonly MemorySource[] {
  return Array.isArray(source);
}

function ofSource(source: MemorySource, left: LeftOut[]): MemoryInput[] {
  if (typeof source === 'string') return ofText(source, left);
  if ('text' in source) return ofText(source.text, left);
  return 'messages' in source ? ofConversation(source.messages, left) : [source];
}

function ofText(given: string, left: LeftOut[]): string[] {
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
  const out: string[] = [];
  if (isOne) addTogether([{ text: onOneLine(text), isTelling: true }], out, left);
  else for (const section of sectionsOf(text)) addTogether(section, out, left);
  return out;
}

interface Part {
  text: string;
  /** Whether it says something by itself. */
  isTelling: boolean;
}

/** What stands under each heading, in parts. The heading goes before each note that it completes, else before the first part. */
function sectionsOf(text: string): Part[][] {
  const out: Part[][] = [];
  let section: Part[] = [];
  let heading = '';
  let isUsed = true;
  const add = (parts: Part[], isCompleted = false): void => {
    for (const { text, isTelling } of parts) {
      const isHeaded = heading !== '' && (isCompleted || !isUsed) && heading.length + text.length < MAX_CHARACTERS - 2;
      isUsed ||= isHeaded;
      section.push(isHeaded ? { text: `${heading}: ${text}`, isTelling } : { text, isTelling });
    }
  };
  const close = (): void => {
    if (!isUsed) section.push({ text: heading, isTelling: true });
    out.push(section);
    section = [];
  };
  for (const block of blocksOf(text)) {
    const isLong = block.text.length > GROUP.characters || sentences(block.text).length > GROUP.sentences;
    if (block.kind === 'heading' && !isLong) {
      const isUnder = !isUsed && section.length === 0 && heading.length + block.text.length < GROUP.characters / 2;
      if (!isUnder) close();
      heading = isUnder ? `${heading}: ${block.text}` : block.text;
      isUsed = false;
    } else if (block.kind === 'note' && !isLong) {
      add([{ text: block.text, isTelling: isNote(block.text) }], isFragment(block.text));
    } else add(groupsOf(block.text));
  }
  close();
  return out;
}

function isNote(text: string): boolean {
  return !isQuestion(text) && (PAIR.test(text) || isTelling(text));
}

/** Whether a note needs its heading. */
function isFragment(text: string): boolean {
  return PAIR.test(text) || words(text).length < 4;
}

/** Adds the parts as memories: those that say nothing alone with the next one, or else with the last. */
function addTogether(parts: readonly Part[], out: string[], left: LeftOut[]): void {
  const made: string[] = [];
  let carried = '';
  const fits = (text: string): boolean => text.length <= GROUP.characters && sentences(text).length <= MOST_TOGETHER;
  const keep = (text: string): void => {
    if (text === '') return;
    if (normalize(text) !== '') made.push(text);
    else left.push({ text, why: 'empty' });
  };
  for (const { text, isTelling } of parts) {
    const together = carried === '' ? text : `${carried} ${text}`;
    if (carried !== '' && !fits(together)) {
      keep(carried);
      carried = '';
    }
    const whole = carried === '' ? text : together;
    carried = isTelling ? '' : whole;
    if (isTelling) keep(whole);
  }
  const last = made.at(-1);
  if (carried !== '' && last !== undefined && fits(`${last} ${carried}`)) made[made.length - 1] = `${last} ${carried}`;
  else keep(carried);
  out.push(...made);
}

/** The sentences of a paragraph, those that lean on the one before together with it. */
function groupsOf(paragraph: string): Part[] {
  const groups: string[][] = [];
  for (const sentence of sentences(paragraph).flatMap((one) => cutLong(onOneLine(one)))) {
    const last = groups.at(-1);
    const fits =
      last !== undefined && last.length < GROUP.sentences && [...last, sentence].join(' ').length <= GROUP.characters;
    if (fits && LEANS.test(sentence)) last.push(sentence);
    else groups.push([sentence]);
  }
  return groups.map((group) => {
    const text = group.join(' ');
    return { text, isTelling: isTelling(text) };
  });
}

/** A sentence in pieces that a memory can hold, cut between words if it has any. */
function cutLong(sentence: string): string[] {
  const out: string[] = [];
  let rest = sentence;
  while (rest.length > MAX_CHARACTERS / 2) {
    const most = rest.slice(0, MAX_CHARACTERS / 2);
    const gap = Math.max(most.lastIndexOf(' '), most.lastIndexOf('，') + 1, most.lastIndexOf('、') + 1);
    let at = gap > most.length / 2 ? gap : most.length;
    if (/[\ud800-\udbff]$/.test(rest.slice(0, at))) at--;
    out.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  return rest === '' ? out : [...out, rest];
}

function isQuestion(text: string): boolean {
  return /[?？؟][\p{Pe}\p{Pf}"'\s]*$/u.test(text);
}

/** Whether a text says something: no question, no greeting, no fragment. */
function isTelling(text: string): boolean {
  if (isQuestion(text)) return false;
  return words(text).length >= 3 || text.length >= 12;
}

/** What the user told, and what the user asked together with what was answered. What else the assistant says is its own. */
function ofConversation(messages: readonly ChatMessage[], left: LeftOut[]): MemoryInput[] {
  return messages.flatMap((message, i): MemoryInput[] => {
    if (message.role !== 'user') return [];
    const content = legible(message.content).trim();
    if (content === '') return [];
    const said = sentences(content);
    const isAsked = isQuestion(content);
    const told = said.filter((sentence) => !isQuestion(sentence));
    const isTold = told.some(isTelling);
    if (!isAsked) {
      if (isTold || content.includes('\n')) return ofText(content, left);
      left.push({ text: content, why: told.length < said.length ? 'unanswered' : 'slight' });
      return [];
    }
    const next = messages[i + 1];
    const answer = next?.role === 'assistant' ? legible(next.content).trim() : '';
    const isLong = answer.length > GROUP.characters || content.length > GROUP.characters;
    if (answer === '' || isLong) {
      // What was told with it is learned, the question beside it.
      if (isTold && said.length > 1) return ofText(content, left);
      left.push({ text: content, why: answer === '' ? 'unanswered' : 'long' });
      return [];
    }
    const alone = isTold && said.length > 1 ? ofText(told.join(' '), left) : [];
    return [...alone, { question: content, answer }];
  });
}
