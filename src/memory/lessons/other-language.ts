// Lessons of a sentence that is not English: questions that need no grammar. The sentence is asked for by its first words, by
// what stands out in it, and by its own language's plainest questions, where engram knows any. Not here: which language it is.
import { words } from '../text.js';
import { languageOf, type Language } from './language.js';
import type { StatementLessons } from './statement.js';
import { distinct, MOST_LESSONS, type Lesson } from './types.js';

interface Templates {
  /** {} stands for a phrase of the sentence. */
  about: readonly string[];
  complete: string;
  isIt: string;
  yes: string;
  probe: string;
  /** Between words of a phrase. */
  space: string;
}

const TEMPLATES: Readonly<Record<Exclude<Language, 'en'>, Templates>> = {
  zh: {
    about: ['告诉我关于{}的事。', '关于{}，你知道什么？', '{}是什么？', '{}是谁？', '{}在哪里？', '{}是什么时候？'],
    complete: '请补全这句话：{}……',
    isIt: '{}，对吗？',
    yes: '对。',
    probe: '你还记得{}吗？',
    space: '',
  },
  de: {
    about: [
      'Erzähl mir von: {}.',
      'Was weißt du über {}?',
      'Was ist mit {}?',
      'Wer oder was ist {}?',
      'Wo und wann: {}?',
    ],
    complete: 'Vervollständige den Satz: {} …',
    isIt: 'Stimmt es: {}?',
    yes: 'Ja.',
    probe: 'Erinnerst du dich an {}?',
    space: ' ',
  },
  fr: {
    about: ['Parle-moi de : {}.', 'Que sais-tu de {} ?', 'Qui ou quoi : {} ?', 'Où et quand : {} ?'],
    complete: 'Complète cette phrase : {} …',
    isIt: 'Est-ce vrai : {} ?',
    yes: 'Oui.',
    probe: 'Te souviens-tu de {} ?',
    space: ' ',
  },
  es: {
    about: ['Háblame de: {}.', '¿Qué sabes de {}?', '¿Quién o qué es {}?', '¿Dónde y cuándo: {}?'],
    complete: 'Completa esta frase: {} …',
    isIt: '¿Es verdad: {}?',
    yes: 'Sí.',
    probe: '¿Te acuerdas de {}?',
    space: ' ',
  },
  other: {
    about: ['{}?', '{}', '{} …'],
    complete: '{} …',
    isIt: '{}?',
    yes: '',
    probe: '… {} …?',
    space: ' ',
  },
};

export function otherLanguageLessons(sentence: string): StatementLessons {
  const language = languageOf(sentence);
  const templates = TEMPLATES[language === 'en' ? 'other' : language];
  const said = language === 'zh' ? sentence.replace(/我们|我/gu, '你') : sentence;
  const lesson = (template: string, phrase: string, full = false): Lesson => ({
    ...{ question: template.replace('{}', () => phrase), answer: said, expected: said, full },
  });
  const [cue, ...phrases] = cues(sentence, templates.space);
  const bare = sentence.replace(/[\s.!?。！？]+$/u, '');
  const lessons = [
    lesson(templates.about[0]!, cue!, true),
    lesson(templates.complete, half(bare, templates.space), true),
    ...templates.about.slice(1).map((template) => lesson(template, cue!)),
    ...(language === 'zh' ? equations(bare).map((question) => lesson('{}', question)) : []),
    ...phrases.flatMap((phrase) => [lesson(templates.about[1]!, phrase), lesson('{}?', phrase)]),
    lesson('{}', cue!),
    { ...lesson(templates.isIt, bare), answer: `${templates.yes} ${said}`.trim() },
  ];
  const all = distinct(lessons);
  const trained = new Set(all.map(({ question }) => question));
  const probes = [cue!, ...phrases].map((phrase) => lesson(templates.probe, phrase));
  return {
    lessons: all.slice(0, MOST_LESSONS),
    probes: distinct(probes).filter(({ question }) => !trained.has(question)),
    facts: [],
  };
}

/** The first words, and up to three phrases further on that stand out: between punctuation, capitalised, or with numbers. */
function cues(sentence: string, space: string): string[] {
  const all = wordsAsWritten(sentence, space);
  // In Chinese what a sentence is about ends where it says what that is.
  const verb = space === '' ? all.findIndex((word, i) => i > 0 && /^[是在有叫]$/u.test(word)) : -1;
  const end = verb > 0 && verb <= 8 ? verb : 4;
  const first = all.slice(0, end).join(space);
  const later = all.slice(end).join(space);
  const standOut =
    space === ''
      ? later.split(/[，、；：。！？是在有]+/u)
      : (later.match(/\p{Lu}[\p{L}\p{N}-]{2,}(?: \p{Lu}[\p{L}\p{N}-]+)*|\d[\d.,:]*/gu) ?? []);
  const phrases = standOut.map((phrase) => phrase.trim()).filter((phrase) => phrase.length > 1 && phrase.length < 40);
  return [first === '' ? sentence : first, ...new Set(phrases)].slice(0, 4);
}

function half(bare: string, space: string): string {
  const all = wordsAsWritten(bare, space);
  return all.slice(0, Math.max(1, Math.ceil(all.length / 2))).join(space);
}

function wordsAsWritten(text: string, space: string): string[] {
  if (space === ' ') return text.split(/\s+/u).filter((word) => word !== '');
  return [...new Intl.Segmenter('zh', { granularity: 'word' }).segment(text)].map(({ segment }) => segment);
}

/** A Chinese sentence `A是B` asks for B, and for A: word order stays. */
function equations(bare: string): string[] {
  const at = bare.indexOf('是');
  if (at < 1 || at > bare.length - 2 || words(bare).length > 40) return [];
  return [`${bare.slice(0, at)}是什么？`, `什么是${bare.slice(at + 1)}？`];
}
