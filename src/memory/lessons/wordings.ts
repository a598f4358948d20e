// A question, or the beginning of a sentence, in other words: by rules that change its form and keep its meaning. Some wordings
// are lessons, others are kept back as probes, so that a memory is never judged by the wordings it was trained on. Not here:
// synonyms (by-model.ts has the model look for them).
import { contentWords, lowerFirst, normalize, tellingWords, upperFirst } from '../text.js';
import { languageOf, type Language } from './language.js';
import { midSentence } from './person.js';
import { remarks } from './remarks.js';
import { namesOf, taggedWords } from './words.js';

export interface Wordings {
  /** To be trained on; the first is the question as it was asked. */
  lessons: string[];
  /** Never trained on. */
  probes: string[];
}

export const QUESTION_WORD =
  /^(?:what|which|who|whom|whose|where|when|why|how|is|are|was|were|do|does|did|can|could|will|has|have|had|should|(?:in|on|at|for|to|from|of|by|with|under|during) (?:what|which|whom|whose|how))\b/i;
const AUXILIARY = String.raw`is|are|was|were|do|does|did|has|have|had|can|will`;

export function wordingsOf(question: string): Wordings {
  const asked = question.trim();
  const bare = asked.replace(/[\s?!.…？。]+$/u, '');
  const isQuestion = /[?？]\s*$/u.test(asked) || QUESTION_WORD.test(bare);
  const language = languageOf(asked);
  if (language !== 'en') return inLanguage(asked, bare, language);
  return isQuestion ? ofQuestion(asked, bare) : ofBeginning(asked, bare);
}

function ofQuestion(asked: string, bare: string): Wordings {
  const inner = QUESTION_WORD.test(bare) ? lowerFirst(bare) : bare;
  const [first, second, third] = remarks(asked, 3) as [string, string, string];
  return apart(
    [
      asked,
      swapWhatAndWhich(bare) ?? expandWhats(bare),
      `${first} ${asked}`,
      asStatement(bare),
      moveLastPreposition(bare) ?? frontLastPhrase(bare),
      `Question: ${asked}\n\nAnswer:`,
      namesFirst(bare),
      `${second}\n${asked} Answer in a few words.`,
      `Do you know ${inner}?`,
      normalize(bare),
    ],
    [
      `Can you tell me ${inner}?`,
      keywords(bare),
      `${third} ${asked}`,
      `I forgot ${inner}.`,
      `Quick question: ${inner}`,
    ],
  );
}

/** The beginning of a sentence, whose end is the answer: `The mother tongue of Ana Brol is`. */
function ofBeginning(asked: string, bare: string): Wordings {
  const [first, second, third, fourth] = remarks(asked, 4) as [string, string, string, string];
  return apart(
    [
      asked,
      `${first} ${asked}`,
      `${second}\n${bare}`,
      `Complete this sentence: ${bare} …`,
      `${bare} what?`,
      `${bare} ____`,
      `What comes next? ${bare}`,
      `${third} ${midSentence(bare)}:`,
    ],
    [`${fourth} ${asked}`, `Fill in the blank: ${bare} ____.`, `Please finish: ${bare}`, keywords(bare)],
  );
}

const IN_LANGUAGE: Readonly<Record<Exclude<Language, 'en'>, readonly string[]>> = {
  zh: ['请问，{}？', '问题：{}？答案：', '我想知道：{}？', '你知道{}吗？', '请告诉我，{}？', '{}？请简短回答。'],
  de: [
    'Frage: {}? Antwort:',
    'Ich frage mich: {}?',
    'Weißt du das: {}?',
    'Sag mir bitte: {}?',
    '{}? Antworte kurz.',
    'Kurze Frage: {}?',
  ],
  fr: [
    'Question : {} ? Réponse :',
    'Je me demande : {} ?',
    'Le sais-tu : {} ?',
    'Dis-moi : {} ?',
    '{} ? Réponds brièvement.',
    'Petite question : {} ?',
  ],
  es: [
    'Pregunta: {}? Respuesta:',
    'Me pregunto: {}?',
    '¿Lo sabes? {}?',
    'Dime: {}?',
    '{}? Responde brevemente.',
    'Una pregunta: {}?',
  ],
  other: ['{}? {}?', '“{}?”', '— {}?', '{} …', '… {}?', '{}!'],
};

function inLanguage(asked: string, bare: string, language: Exclude<Language, 'en'>): Wordings {
  const all = IN_LANGUAGE[language].map((template) => template.replaceAll('{}', () => bare));
  return apart([asked, bare, ...all.slice(0, 4)], all.slice(4));
}

/** No wording twice, and none of the lessons among the probes. */
function apart(lessons: readonly (string | null)[], probes: readonly (string | null)[]): Wordings {
  const seen = new Set<string>();
  const distinct = (list: readonly (string | null)[]) =>
    list.filter((text): text is string => {
      if (text === null || text.trim() === '' || seen.has(text)) return false;
      seen.add(text);
      return true;
    });
  return { lessons: distinct(lessons), probes: distinct(probes) };
}

/** `What team won …` ↔ `Which team won …`. */
function swapWhatAndWhich(bare: string): string | null {
  const match = new RegExp(
    String.raw`^((?:in|on|at|for|to|from|of|by|with)\s+)?(what|which)\s+(?!(?:${AUXILIARY})\b)(.+)$`,
    'i',
  ).exec(bare);
  if (match === null) return null;
  const other = match[2]!.toLowerCase() === 'what' ? 'which' : 'what';
  return upperFirst(`${match[1] ?? ''}${other} ${match[3]!}?`);
}

/** `What is the name of …` ↔ `What's the name of …`. */
function expandWhats(bare: string): string | null {
  const match = /^(what|who|where|when|how)(?: is|['’]s)\s+(.+)$/i.exec(bare);
  if (match === null) return null;
  return /['’]s/.test(bare.slice(0, 8)) ? `${match[1]!} is ${match[2]!}?` : `${match[1]!}'s ${match[2]!}?`;
}

/** `Who won the cup in 1994` → `In 1994, who won the cup?` */
function frontLastPhrase(bare: string): string | null {
  const match =
    /^(\S+\s+\S+.*?\S)\s+((?:in|on|at|during|since|until|after|before)\s+(?:(?!\b(?:in|on|at|of)\b).){2,40})$/i.exec(
      bare,
    );
  return match && `${upperFirst(match[2]!)}, ${lowerFirst(match[1]!)}?`;
}

/** `In which city was she born` ↔ `Which city was she born in`. */
function moveLastPreposition(bare: string): string | null {
  const front = /^(in|on|at|for|to|from|of|by|with)\s+((?:what|which)\s.+)$/i.exec(bare);
  if (front) return `${upperFirst(front[2]!)} ${front[1]!.toLowerCase()}?`;
  const last = /^((?:what|which)\s.+?)\s+(in|on|at|for|to|from|of|by|with)$/i.exec(bare);
  return last && `${upperFirst(last[2]!)} ${lowerFirst(last[1]!)}?`;
}

/** `What team won the cup` → `The team that won the cup is`; `Who wrote it` → `The one who wrote it is`. */
function asStatement(bare: string): string | null {
  const be = /^(?:what|who|which)(?:\s+(is|are|was|were)|['’](s))\s+(.+)$/i.exec(bare);
  if (be) return `${upperFirst(be[3]!)} ${be[1]?.toLowerCase() ?? 'is'}`;
  const who = new RegExp(String.raw`^who\s+(?!(?:${AUXILIARY})\b)(.+)$`, 'i').exec(bare);
  if (who) return `The one who ${who[1]!} is`;
  const which = /^(?:what|which)\s+(.+)$/iu.exec(bare);
  return which && whichStatement(which[1]!);
}

/** `river system contains the creek` → `The river system that contains the creek is`. */
function whichStatement(rest: string): string | null {
  const terms = taggedWords(rest);
  const verb = terms.findIndex(
    ({ text, tags }) => tags.includes('Verb') || new RegExp(`^(?:${AUXILIARY})$`, 'i').test(text),
  );
  if (verb < 1 || verb > 4 || new RegExp(`^(?:${AUXILIARY})$`, 'i').test(terms[verb]!.text)) return null;
  const words = rest.split(/\s+/u);
  return `The ${words.slice(0, verb).join(' ')} that ${words.slice(verb).join(' ')} is`;
}

/** `Who is the mayor of Ulm` → `Ulm: who is the mayor?`, so that the order of the words does not matter. */
function namesFirst(bare: string): string | null {
  const name = namesOf(bare).sort((a, b) => b.length - a.length)[0];
  if (name === undefined) return null;
  if (!bare.endsWith(name)) return `About ${name}: ${lowerFirst(bare)}?`;
  const rest = bare.slice(0, -name.length).replace(/\s+(?:of|in|for|by|to|with)?\s*$/iu, '');
  return rest === '' ? null : `${name}: ${lowerFirst(rest)}?`;
}

/** What one would type into a search box. */
function keywords(bare: string): string | null {
  return new Set(contentWords(bare)).size < 2 ? null : tellingWords(bare).join(' ');
}
