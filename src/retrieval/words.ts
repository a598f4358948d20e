// Texts as full text search sees them. SQLite's tokenizer divides words at spaces, which Chinese and Japanese do not write:
// their characters are indexed in pairs. Not here: ranking (bm25 is SQLite's).
//
// Pairs and not words by Intl.Segmenter or SQLite's trigrams: a segmenter divides a word in a question otherwise than inside a
// longer word of a text (test/unit/retrieval/words.test.ts), and trigrams cannot find a word of two characters, as most are.

/** Runs of one script: in Japanese its change is often the border of a word (京都|の|寺). */
const UNSPACED =
  /[\p{Script=Han}々]+|\p{Script=Hiragana}+|[\p{Script=Katakana}ー]+|[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;

/** Words that say nothing about what a text is about, and that most texts have. */
const FUNCTION_WORDS = new Set(
  (
    'a an the this that these those of in on at by for from to with into about as and or but nor so than then is are was ' +
    'were be been being am do does did have has had will would shall should can could may might must i you he she it we ' +
    'they me him her us them my your his its our their who whom which what where when why how not no yes there here if'
  ).split(' '),
);

/** A text with its unspaced runs as pairs of characters; what a run ends with stands alone, so that every character begins
 * something. */
export function indexable(text: string): string {
  return text.normalize('NFKC').replace(UNSPACED, (run) => ` ${pairs(run, true).join(' ')} `);
}

/** The telling words of a question, each as an FTS5 expression; all its words where none tells anything. */
export function termsOf(question: string): string[] {
  const terms = new Set<string>();
  const plain = question.normalize('NFKC').replace(UNSPACED, (run) => {
    if (/^\p{Script=Hiragana}$/u.test(run)) return ' '; // a particle
    for (const pair of pairs(run, false)) terms.add(Array.from(pair).length === 1 ? `"${pair}"*` : `"${pair}"`);
    return ' ';
  });
  const words = plain.toLowerCase().match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu) ?? []; // as unicode61 divides
  const telling = words.filter((word) => !FUNCTION_WORDS.has(word));
  for (const word of telling.length + terms.size > 0 ? telling : words) terms.add(`"${word}"`);
  return [...terms].slice(0, MOST_TERMS);
}

/** A question as long as a page would make SQLite walk half the index. */
const MOST_TERMS = 64;

function pairs(run: string, withLast: boolean): string[] {
  const characters = Array.from(run);
  if (characters.length === 1) return characters;
  const out = characters.slice(1).map((character, i) => characters[i]! + character);
  if (withLast) out.push(characters.at(-1)!);
  return out;
}
