// Subtitles (SRT, WebVTT): what is said, a passage for some time, which it has as a field, and by whom, where it says so.
import { aboutDecoded, decodeText } from './decode.js';
import type { Block, Reader } from './types.js';

/** Seconds that share a block. */
const SPAN = 60;

const TIMES = /^(?:(\d+):)?(\d{1,2}):(\d{2})[.,]\d{1,3}\s+-->/u;

export const readSubtitles: Reader = async (bytes, _, reading) => {
  const { text: source, ...about } = await decodeText(bytes, reading);
  let text = '';
  const blocks: Block[] = [];
  let from = -Infinity;
  for (const cue of source.split(/\r?\n[^\S\n]*\r?\n/u)) {
    const lines = cue.split(/\r?\n/u);
    const at = lines.findIndex((line) => TIMES.test(line));
    if (at === -1) continue; // a note, or a style
    const [, hours = '0', minutes = '0', seconds = '0'] = TIMES.exec(lines[at]!)!;
    const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    const said = lines
      .slice(at + 1)
      .join(' ')
      .replace(/<v(?:\.[^\s>]*)?\s+([^<>]+)>/gu, (_, speaker: string) => `${speaker.trim()}: `)
      .replace(/<[^<>]*>|\{\\[^}]*\}/gu, '')
      .replace(/\s+/gu, ' ')
      .trim();
    if (said === '') continue;
    const last = blocks.at(-1);
    if (last === undefined || time - from >= SPAN) {
      from = time;
      if (text !== '') text += '\n\n';
      const metadata = { time: new Date(time * 1000).toISOString().slice(11, 19) };
      blocks.push({ kind: 'text', start: text.length, end: text.length + said.length, metadata });
      text += said;
    } else {
      text += `\n${said}`;
      last.end = text.length;
    }
  }
  return { kind: 'subtitles', text, blocks, ...aboutDecoded(about) };
};
