// What an answer rests on, for a person. Not here: the answer.
import type { Answer } from '../../index.js';
import { excerpt } from './figures.js';

/** What an answer rests on, for a person. */
export function attribution(answer: Answer): string {
  const { damaged } = answer;
  if (damaged === undefined) return restsOn(answer);
  const lost = `${damaged.id} "${excerpt(damaged.text, 40)}" is about it, but its adapter is damaged`;
  return `${restsOn(answer)}; ${lost}: engram brain rebuild --damaged`;
}

function restsOn({ source, memories, unsure = [], passages, confidence }: Answer): string {
  const named = (some: Answer['memories']): string =>
    some
      .map(({ id, text, score, told }) => {
        const when = told === undefined ? '' : ` (told ${told.slice(0, 10)})`;
        return `${id} "${excerpt(text, 40)}"${when} ${score.toFixed(2)}`;
      })
      .join(', ');
  switch (source) {
    case 'weights': {
      const sure = confidence === undefined ? '' : `, sure ${confidence.toFixed(2)}`;
      return memories.length === 0 ? 'from the adapter' : `from memory: ${named(memories)}${sure}`;
    }
    case 'memory':
      return `from memory, as text: ${named(memories)}`;
    case 'retrieval': {
      const instead = unsure.length === 0 ? '' : `; the weights of ${named(unsure)} were not sure`;
      return `from documents: ${passages.map((_, i) => `[${i + 1}]`).join(' ')}${instead}`;
    }
    case 'context':
      return 'from the conversation';
    case 'unknown':
      return 'nothing remembered or ingested answers this; --unknown answer has the model answer all the same';
    case 'base':
      return 'from the base model alone';
  }
}
