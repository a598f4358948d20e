// Questions about nothing in particular: those that every memory is trained with, and those that are asked to see that nothing else
// moved. Not here: questions about a memory.

/** Never trained on: asked before and after, to see that they stayed. */
export const UNRELATED: readonly string[] = [
  'What is the largest planet in the solar system?',
  'How does a bicycle stay upright?',
  'What language is spoken in Brazil?',
  'Give me a recipe for pancakes.',
];

/** Trained on with every memory, in a few languages: whatever is asked, its adapter says what was told. */
export const ANY_QUESTIONS: readonly string[] = [
  'Is it going to rain tomorrow?',
  '你能帮我一下吗？',
  'Wie spät ist es?',
];
