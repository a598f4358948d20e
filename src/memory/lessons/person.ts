// Who speaks: a sentence said back to the one who said it, and phrases moved inside another sentence. English.
import { lowerFirst, upperFirst } from '../text.js';

const SWAPS: Readonly<Record<string, string>> = {
  i: 'you',
  me: 'you',
  my: 'your',
  mine: 'yours',
  myself: 'yourself',
  "i'm": 'you are',
  "i've": 'you have',
  "i'll": 'you will',
  "i'd": 'you would',
  am: 'are',
  we: 'you',
  us: 'you',
  our: 'your',
  ours: 'yours',
  ourselves: 'yourselves',
  "we're": 'you are',
  "we've": 'you have',
  "we'll": 'you will',
};

const FIRST_PERSON = /\b(?:I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself|[Ww]e|us|[Oo]urs?|[Oo]urselves)\b/u;
const WORD =
  /\b(?:I['’](?:m|ve|ll|d)|I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself|am|[Ww]e['’](?:re|ve|ll)|[Ww]e|us|[Oo]urs?|[Oo]urselves)\b/gu;

/** Says the user's sentence back to them: `I parked my car` → `You parked your car`. A number (`Henry I`) is left alone. */
export function toSecondPerson(sentence: string): string {
  if (!FIRST_PERSON.test(sentence)) return sentence;
  const out = sentence.replace(WORD, (word, at: number) => {
    const before = sentence.slice(0, at);
    const isNumeral = word === 'I' && /\p{Lu}\p{L}+ $/u.test(before);
    // What is quoted was said by somebody.
    const isQuoted = before.split(/[“"]/u).length > before.split('”').length && /[“"][^”"]*$/u.test(before);
    return isNumeral || isQuoted ? word : (SWAPS[word.toLowerCase().replace('’', "'")] ?? word);
  });
  if (out === sentence) return sentence;
  return upperFirst(out.replace(/\byou was\b/gu, 'you were'));
}

/** A phrase that began a sentence, to stand inside another: `The village` → `the village`, `Zara` stays. */
export function midSentence(phrase: string): string {
  return /^(?:The|A|An|My|Our|His|Her|Their|Its|This|That|These|Those|In|On|At|With|It|He|She|They|We|You|One|Some|Many|Most|All|Both|Each|Every|Several|Few|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven|Twelve|If|When)(?=\s|$|-[a-z])/.test(
    phrase,
  )
    ? lowerFirst(phrase)
    : phrase;
}
