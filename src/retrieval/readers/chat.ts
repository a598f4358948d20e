// A conversation as text: each message a line with when and who, neighbours together in a passage, which has all who speak in it and
// its day as fields. Not here: the programs that export conversations (whatsapp.ts, telegram.ts, slack.ts).
import type { Block, Metadata } from './types.js';

export interface Message {
  /** Empty where the program speaks: who came and went. */
  from: string;
  /** Local time as the export has it: `2026-11-30T23:59`, or without the time. */
  at: string;
  text: string;
}

/** Characters of messages that share a passage; one of Chinese counts as several, as it does for embedders. */
const TOGETHER = 600;
const WIDE = /[\u3040-\u30FF\u3400-\u9FFF\uAC00-\uD7A3]/gu;

/** Minutes of silence after which it is about something else. */
const SILENCE = 60;

export function conversation(messages: Iterable<Message>): { text: string; blocks: Block[]; count: number } {
  let text = '';
  const blocks: Block[] = [];
  let [size, count] = [0, 0];
  let last: Message | undefined;
  let speakers: string[] = [];
  for (const message of messages) {
    const said = message.text.trim();
    if (said === '') continue;
    const line = `${message.at.replace('T', ' ')} ${message.from === '' ? '' : `${message.from}: `}${said}`;
    const length = line.length + 3 * (line.match(WIDE)?.length ?? 0);
    const block = blocks.at(-1);
    count++;
    if (block === undefined || size + length > TOGETHER || !isSoonAfter(last!, message)) {
      if (text !== '') text += '\n\n';
      speakers = message.from === '' ? [] : [message.from];
      blocks.push({ kind: 'text', start: text.length, end: text.length + line.length, metadata: fieldsOf(message) });
      text += line;
      size = length;
    } else {
      text += `\n${line}`;
      block.end = text.length;
      size += length;
      if (message.from !== '' && !speakers.includes(message.from)) addSpeaker(block.metadata!, speakers, message.from);
    }
    last = message;
  }
  return { text, blocks, count };
}

function fieldsOf({ from, at }: Message): Metadata {
  const [date = '', time] = at.split('T');
  return { ...(from === '' ? {} : { from }), date, ...(time === undefined ? {} : { time: time.slice(0, 5) }) };
}

/** One speaker is a field, several are a list. */
function addSpeaker(fields: Metadata, speakers: string[], from: string): void {
  speakers.push(from);
  if (speakers.length === 1) fields['from'] = from;
  else delete fields['from'];
  if (speakers.length > 1)
    speakers.forEach((speaker, i) => {
      fields[`from.${i}`] = speaker;
    });
}

function isSoonAfter(before: Message, message: Message): boolean {
  if (before.at.slice(0, 10) !== message.at.slice(0, 10)) return false;
  const passed = (Date.parse(`${message.at}Z`) - Date.parse(`${before.at}Z`)) / 60_000;
  return Number.isNaN(passed) || (passed >= 0 && passed <= SILENCE);
}
