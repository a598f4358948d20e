// Lessons of whether it is so. How the answer opens is decided when it is asked (../decision.ts): what is learned is to go on with
// the sentence after either word. English; not here: other questions.
import { upperFirst } from '../text.js';
import { openingOf, type Opening } from '../decision.js';
import { contrastsOf } from './contrast.js';
import { midSentence } from './person.js';
import type { Lesson } from './types.js';

/** One to be affirmed and one to be denied, of a statement without its final punctuation, said back as `said`. `text`: the whole
 * memory, which decides when it is asked. `question`: what asks for less than the whole, which costs less to read. */
export function whetherLessons(
  bare: string,
  said: string,
  text: string,
  question = `Is it true that ${midSentence(bare)}?`,
): Lesson[] {
  const lesson = (asked: string, opening: Opening): Lesson => ({
    ...{
      question: asked,
      answer: `${opening} ${upperFirst(said)}`,
      expected: opening.slice(0, -1),
      full: false,
      opening,
    },
  });
  const untrue = contrastsOf([question], 1).map((other) => lesson(other, 'No.'));
  const all = [lesson(question, 'Yes.'), ...untrue];
  return all.filter(({ question: asked, opening }) => openingOf(asked, text) === opening);
}
