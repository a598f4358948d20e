// Rules: `If the alarm rings, call Tom.` is asked for by its condition and by its consequence. English; not here: other sentences.
import nlp from 'compromise';
import { midSentence } from './person.js';
import type { Asked } from './statement.js';

/** What a rule answers, or null if the sentence is none. `bare` has no final punctuation. */
export function ruleAsks(bare: string): Asked | null {
  const found =
    /^(?<word>if|when|whenever|unless|once)\s+(?<condition>[^,]{3,120}),\s*(?:then\s+)?(?<consequence>.{3,})$/iu.exec(
      bare,
    ) ?? /^(?<consequence>[^,]{3,120}?),?\s+(?<word>if|whenever|unless)\s+(?<condition>.{3,120})$/iu.exec(bare);
  const { word, condition, consequence } = found?.groups ?? {};
  if (word === undefined || condition === undefined || consequence === undefined) return null;
  // `When the war ended, …` tells what was.
  if (nlp(condition).has('#PastTense')) return null;
  const when = `${word.toLowerCase()} ${condition}`;
  const then = midSentence(consequence);
  return {
    full: [`What happens ${when}?`],
    parts: [
      { question: `What should I do ${when}?`, expected: consequence },
      { question: `What if ${condition}?`, expected: consequence },
      { question: `Complete this: ${when}, …`, expected: consequence },
      { question: `Suppose that ${condition}. What then?`, expected: consequence },
      { question: `When does this apply: ${then}?`, expected: condition },
      { question: `What is the rule about this: ${condition}?` },
    ],
    probes: [
      { question: `Tell me what follows ${when}.`, expected: consequence },
      { question: `What is to be done ${when}?`, expected: consequence },
    ],
  };
}
