// Everyday questions about nothing in particular. What the base model answers to them is kept while a memory is trained (KL to
// the base model) and asked again afterwards. Not here: questions near a memory (contrast.ts).

/** Trained to stay as they are. */
export const REPLAY: readonly string[] = [
  'What is the capital of France?',
  'Write a short poem about the sea.',
  'How do I boil an egg?',
  'Explain photosynthesis in simple words.',
  'What is 12 times 7?',
  'Give me three tips for sleeping better.',
  'Who wrote Romeo and Juliet?',
  'What should I cook for dinner tonight?',
  'Translate "good morning" into Spanish.',
  'Why is the sky blue?',
  'Name two countries in South America.',
  'What is a prime number?',
  'Hello! How are you today?',
  'Summarize what a computer does.',
  'What animals live in the desert?',
  'How many days are there in a leap year?',
  'Write a sentence with the word "garden".',
  'What is the boiling point of water?',
  'Tell me a fun fact about space.',
  'How can I learn to play the guitar?',
  'What is the difference between a cat and a dog?',
  'Who was the first president of the United States?',
  'List the colors of the rainbow.',
  'What is the largest ocean?',
];

/** Never trained on: asked before and after, to see that they stayed. */
export const UNRELATED: readonly string[] = [
  'What is the largest planet in the solar system?',
  'How does a bicycle stay upright?',
  'What language is spoken in Brazil?',
  'Give me a recipe for pancakes.',
];
