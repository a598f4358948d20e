// LoCoMo's conversations as a memory is told them: two people, one of whom stands for the user, with the date of each session
// before what was said in it; and questions with the turns that are their evidence. Not here: asking.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetUpProblem } from '../../set-up/problem.mjs';

/** Questions that the conversation does not answer; what is measured is what a memory keeps. */
const ADVERSARIAL = 5;

/**
 * @typedef {{ human: string, ai: string }} Exchange
 * @typedef {{ id: number, question: string, answer: string, evidence: string[] }} Question `evidence`: texts of turns.
 * @typedef {{ name: string, speakers: [string, string], exchanges: Exchange[], questions: Question[] }} Conversation
 */

/** The conversations in a folder, each cut off after `most` exchanges, with the questions whose evidence lies in them. */
export function readConversations(folder, most = Infinity) {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+\.json$/.test(name)) : [];
  if (names.length === 0) throw new SetUpProblem(`There are no conversations of LoCoMo (26.json, …) at ${folder}.`);
  return names.sort().map((name) => conversationIn(join(folder, name), most));
}

function conversationIn(path, most) {
  const content = JSON.parse(readFileSync(path, 'utf8'));
  const exchanges = [];
  const textOf = new Map();
  for (const { id, speaker, text, date } of turnsOf(content)) {
    const isUser = speaker === content.speaker_a;
    let last = exchanges.at(-1);
    if (last === undefined || last.date !== date || (isUser && (last.ai !== '' || last.human !== ''))) {
      if (exchanges.length === most) break;
      exchanges.push((last = { date, human: '', ai: '' }));
    }
    const side = isUser ? 'human' : 'ai';
    last[side] = last[side] === '' ? text : `${last[side]}\n${text}`;
    textOf.set(id, text);
  }
  return {
    name: basename(path, '.json'),
    speakers: [content.speaker_a, content.speaker_b],
    exchanges: exchanges.map(({ date, human, ai }) =>
      human === '' ? { human, ai: `(${date}) ${ai}` } : { human: `(${date}) ${human}`, ai },
    ),
    questions: content.qa.flatMap(({ question, answer, category, evidence = [] }, id) => {
      const ids = evidence.flatMap((one) => one.split(/[;\s]+/)).filter((one) => one !== '');
      const isAnswered = category !== ADVERSARIAL && answer !== undefined && ids.length > 0;
      if (!isAnswered || !ids.every((one) => textOf.has(one))) return [];
      return [{ id, question, answer: String(answer), evidence: ids.map((one) => textOf.get(one)) }];
    }),
  };
}

function* turnsOf(content) {
  for (let session = 1; Array.isArray(content[`session_${session}`]); session++) {
    const date = content[`session_${session}_date_time`];
    for (const { speaker, dia_id: id, text, blip_caption: caption } of content[`session_${session}`]) {
      yield { id, speaker, date, text: caption === undefined ? text : `${text} (shows ${caption})` };
    }
  }
}

/** `count` of them, evenly taken. */
export function evenly(all, count) {
  if (all.length <= count) return all;
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
}
