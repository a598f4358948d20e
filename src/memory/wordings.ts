// A question in other words, by rules that change its form and keep its meaning. Some wordings are lessons, the others are
// kept back as probes, so that a memory is never judged by the wordings it was trained on. Not here: synonyms.
import { contentWords, lowerFirst, normalize, upperFirst, words } from './text.js';

export interface Wordings {
  /** To be trained on; the first is the question as it was asked. */
  lessons: string[];
  /** Never trained on. */
  probes: string[];
}

export function wordingsOf(question: string): Wordings {
  const asked = question.trim();
  const bare = asked.replace(/[\s?!.…？。]+$/u, '');
  const inner = /^(?:what|which|who|whom|whose|where|when|why|how|is|are|was|were|do|does|did|can)\b/i.test(bare)
    ? lowerFirst(bare)
    : bare;
  const lessons = [
    asked,
    swapWhatAndWhich(bare),
    frontLastPhrase(bare),
    `Question: ${asked}\n\nAnswer:`,
    `Do you know ${inner}?`,
    asStatement(bare),
    normalize(bare),
    `${asked} Answer in a few words.`,
  ];
  const probes = [`Can you tell me ${inner}?`, keywords(bare), `I forgot ${inner}.`, `Quick question: ${inner}`];
  const seen = new Set<string>();
  const distinct = (list: (string | null)[]) =>
    list.filter((text): text is string => {
      if (text === null || text === '' || seen.has(text)) return false;
      seen.add(text);
      return true;
    });
  return { lessons: distinct(lessons), probes: distinct(probes) };
}

/** `What team won …` ↔ `Which team won …`. */
function swapWhatAndWhich(bare: string): string | null {
  const match = /^(what|which)\s+(?!is\b|are\b|was\b|were\b|do\b|does\b|did\b|has\b|have\b|can\b|will\b)(.+)$/i.exec(
    bare,
  );
  return match && `${match[1]!.toLowerCase() === 'what' ? 'Which' : 'What'} ${match[2]!}?`;
}

/** `Who won the cup in 1994` → `In 1994, who won the cup?` */
function frontLastPhrase(bare: string): string | null {
  const match =
    /^(\S+\s+\S+.*?\S)\s+((?:in|on|at|during|since|until|after|before)\s+(?:(?!\b(?:in|on|at|of)\b).){2,40})$/i.exec(
      bare,
    );
  return match && `${upperFirst(match[2]!)}, ${lowerFirst(match[1]!)}?`;
}

/** `What team won the cup in 1994` → `The team that won the cup in 1994 is`; `Who wrote it` → `The one who wrote it is`. */
function asStatement(bare: string): string | null {
  const who = /^who\s+(?!is\b|are\b|was\b|were\b|do\b|does\b|did\b)(.+)$/i.exec(bare);
  if (who) return `The one who ${who[1]!} is`;
  const be = /^(?:what|who|which)\s+(is|are|was|were)\s+(.+)$/i.exec(bare);
  if (be) return `${upperFirst(be[2]!)} ${be[1]!.toLowerCase()}`;
  return null;
}

/** What one would type into a search box. */
function keywords(bare: string): string | null {
  const keys = new Set(contentWords(bare));
  if (keys.size < 2) return null;
  return words(bare)
    .filter((word) => contentWords(word).some((key) => keys.has(key)))
    .join(' ');
}
