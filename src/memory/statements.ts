// Questions that a plain sentence answers, made by rules over its grammar (the compromise library; English). Every answer is
// the sentence itself, as one would say it back, so no lesson can be wrong: what varies is the question. A sentence in another
// language, or one the grammar makes nothing of, still gets the lessons that need none. Not here: question-and-answer
// memories (wordings.ts).
import nlp from 'compromise';
import { lowerFirst, normalize, upperFirst, words } from './text.js';

export interface Lesson {
  question: string;
  answer: string;
  /** What an answer has to contain to be right: a phrase of the sentence. */
  expected: string;
}

export interface StatementLessons {
  lessons: Lesson[];
  /** Questions that are never trained on. */
  probes: Lesson[];
}

interface Parts {
  subject: string;
  /** The verb as it stands (`was built`), its plain form (`build`), and what follows it. */
  verb: string;
  infinitive: string;
  rest: string;
  passive: boolean;
}

export function statementLessons(sentence: string): StatementLessons {
  const said = toSecondPerson(sentence);
  const lesson = (question: string, expected = said): Lesson => ({
    question,
    answer: said,
    expected: toSecondPerson(expected),
  });
  const parts = partsOf(sentence);
  const lessons: Lesson[] = [];
  const probes: Lesson[] = [];

  const all = words(sentence);
  const raw = sentence.split(/\s+/u);
  if (raw.length >= 6) {
    const opening = (share: number) => raw.slice(0, Math.max(2, Math.round(raw.length * share))).join(' ');
    lessons.push(
      lesson(`Complete this sentence: ${opening(0.3)} …`),
      lesson(`Complete this sentence: ${opening(0.6)} …`),
    );
  }

  const phrases = phrasesOf(sentence, parts?.subject);
  if (parts) {
    const { subject, verb, infinitive, rest, passive } = parts;
    const name = toSecondPerson(subject);
    const you = /^(?:i|we)$/i.test(subject);
    const does = you ? 'I' : midSentence(subject);
    const tail = rest.replace(/[.!?]+$/u, '');
    const object = shortObject(tail);
    lessons.push(
      ...(you
        ? [lesson(`What did I ${infinitive}?`)]
        : [
            lesson(`What do you know about ${does}?`),
            lesson(`Tell me about ${does}.`),
            lesson(`${/^[A-Z]/.test(subject) && phraseIsName(subject) ? 'Who' : 'What'} is ${does}?`),
          ]),
      lesson(`${personal(subject) ? 'Who' : 'What'} ${verb} ${tail}?`, name),
    );
    if (object !== '' && object !== tail)
      lessons.push(lesson(`${personal(subject) ? 'Who' : 'What'} ${verb} ${object}?`, name));
    if (passive) {
      const be = verb.split(' ')[0]!;
      const participle = verb.slice(be.length + 1);
      for (const wh of ['Where', 'When', 'How', 'Why']) lessons.push(lesson(`${wh} ${be} ${does} ${participle}?`));
    } else if (isBe(infinitive)) {
      lessons.push(lesson(`What ${verb} ${does}?`));
      probes.push(lesson(`Describe ${does}.`));
    } else {
      const did = auxiliary(verb, infinitive, subject);
      for (const wh of ['What', 'How', 'Where', 'When', 'Why']) {
        lessons.push(
          lesson(`${wh} ${did} ${does} ${infinitive}${wh === 'What' ? '' : ` ${object}`}?`.replace(/\s+\?/, '?')),
        );
      }
    }
    if (!you) {
      lessons.push(lesson(`What ${auxiliary(verb, infinitive, subject)} ${does} do?`));
      probes.push(lesson(`What can you tell me about ${does}?`), lesson(`Remind me: what about ${does}?`));
    }
    probes.push(
      lesson(`Do you remember ${personal(subject) ? 'who' : 'what'} ${verb} ${object === '' ? tail : object}?`, name),
    );
    for (const phrase of phrases) {
      lessons.push(lesson(`What about ${midSentence(phrase)} and ${does}?`, phrase));
      probes.push(lesson(`How is ${midSentence(phrase)} connected with ${does}?`, phrase));
    }
  } else {
    const cue = all.slice(0, Math.min(4, all.length)).join(' ');
    lessons.push(lesson(`What do you know about ${cue}?`), lesson(cue), lesson(`${cue}?`));
    probes.push(lesson(`Tell me about ${cue}.`));
  }
  for (const phrase of phrases) {
    const blank = sentence.replace(phrase, '____');
    if (blank !== sentence) lessons.push(lesson(`Fill in the blank: ${blank}`, phrase));
  }
  lessons.push(lesson(`Is it true that ${midSentence(sentence.replace(/[.!?]+$/u, ''))}?`));
  return { lessons: distinct(lessons), probes: distinct(probes) };
}

/** Names, numbers and noun phrases after the verb, as they stand in the sentence. */
export function phrasesOf(sentence: string, subject = ''): string[] {
  const out: string[] = [];
  for (const phrase of nlp(sentence).nouns().out('array') as string[]) {
    const clean = phrase.replace(/^[\s,;:]+|[\s,;:.!?]+$/gu, '');
    if (clean.length < 3 || /^(?:i|me|you|he|she|it|we|they|him|her|them|us)$/i.test(clean)) continue;
    if (!sentence.includes(clean) || normalize(subject).includes(normalize(clean))) continue;
    out.push(clean);
  }
  return out.slice(0, 5);
}

/** Subject, verb and the rest of the main clause, or null where the grammar finds none. */
export function partsOf(sentence: string): Parts | null {
  const chunks = nlp(sentence);
  const verbs = chunks.verbs().json() as {
    text: string;
    verb?: { infinitive?: string; grammar?: { form?: string } };
  }[];
  const main = verbs[0];
  if (main?.verb?.infinitive === undefined || main.verb.infinitive === '') return null;
  const verb = main.text.replace(/[\s,;:.!?]+$/u, '');
  const at = sentence.indexOf(verb);
  if (at <= 0) return null;
  // The noun phrase right before the verb; what stands before that (`With great care,`) is no part of it.
  const before = sentence.slice(0, at).trim();
  const clause = before.split(/,\s+/u).at(-1) ?? before;
  const rest = sentence.slice(at + verb.length).trim();
  if (clause === '' || words(clause).length > 10 || rest.replace(/[.!?]+$/u, '') === '') return null;
  const passive = main.verb.grammar?.form?.startsWith('passive') === true && verb.includes(' ');
  return { subject: clause, verb, infinitive: main.verb.infinitive, rest, passive };
}

/** The words from the verb's first object up to the next preposition: `a world record by solving …` → `a world record`. */
function shortObject(rest: string): string {
  return (
    rest.split(
      /\s+(?:by|in|on|at|for|from|with|using|during|after|before|since|until|because|while|when|and)\s+|,\s*/u,
    )[0] ?? ''
  );
}

function auxiliary(verb: string, infinitive: string, subject: string): string {
  // `holds` is the present; a verb that looks like its plain form (`set`) is more often told of the past.
  const present = verb !== infinitive && verb.endsWith('s') && !verb.endsWith('ss');
  if (!present) return 'did';
  return /^(?:i|you|we|they)$/i.test(subject) ? 'do' : 'does';
}

function isBe(infinitive: string): boolean {
  return infinitive === 'be';
}

function phraseIsName(subject: string): boolean {
  return nlp(subject).people().found;
}

function personal(subject: string): boolean {
  return /^(?:i|we|he|she|they)$/i.test(subject) || phraseIsName(subject);
}

/** A phrase that began a sentence, to stand inside another: `The village` → `the village`, `Zara` stays. */
function midSentence(phrase: string): string {
  return /^(?:The|A|An|My|Our|His|Her|Their|Its|This|That|In|On|At|With|It|He|She|They|We)\b/.test(phrase)
    ? lowerFirst(phrase)
    : phrase;
}

/** Says the user's sentence back to them: `I parked my car` → `You parked your car`. */
export function toSecondPerson(sentence: string): string {
  const swaps: Record<string, string> = {
    i: 'you',
    me: 'you',
    my: 'your',
    mine: 'yours',
    myself: 'yourself',
    "i'm": 'you are',
    "i've": 'you have',
    "i'll": 'you will',
    am: 'are',
    we: 'you',
    us: 'you',
    our: 'your',
    ours: 'yours',
  };
  if (!/\b(?:I|my|My|me|mine|our|Our|We|we|us)\b/u.test(sentence)) return sentence;
  const out = sentence.replace(
    /\b(?:I'm|I've|I'll|I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself|am|[Ww]e|us|[Oo]urs?)\b/gu,
    (word) => {
      return swaps[word.toLowerCase()] ?? word;
    },
  );
  return upperFirst(out.replace(/\byou was\b/gu, 'you were'));
}

function distinct(lessons: Lesson[]): Lesson[] {
  const seen = new Set<string>();
  return lessons.filter(({ question }) => !seen.has(question) && seen.add(question));
}
