// What lessons.mjs asks about a sentence: people's own questions by their question word, and plain kinds that no person wrote
// down: complete it, is it so, tell me about it. Not made by the rules that lessons are made by.

const KINDS = [
  ['how many', /\bhow (?:many|much|long|old|far|big|large|often)\b/i],
  ['who', /\bwho(?:m|se)?\b/i],
  ['when', /\bwhen\b|\bwhat (?:year|day|date|month|time|century|decade)\b|\bwhich year\b/i],
  ['where', /\bwhere\b|\b(?:what|which) (?:city|country|state|place|town|region|continent)\b/i],
  ['which', /\bwhich\b/i],
  ['why or how', /\bwhy\b|\bhow\b/i],
  ['what', /\bwhat\b/i],
];

/** At most two questions of each kind of question word, and three more. */
export function kindsOf(sentence, questions) {
  const out = [];
  for (const { question, answer } of questions) {
    const kind = KINDS.find(([, pattern]) => pattern.test(question))?.[0] ?? 'what';
    if (out.filter((one) => one.kind === kind).length < 2) out.push({ kind, question, answer });
  }
  const words = sentence.replace(/[.]$/, '').split(/\s+/);
  const start = words.slice(0, Math.ceil(words.length * 0.6)).join(' ');
  const end = words.slice(-3).join(' ');
  // The longest name in it.
  const names = sentence.match(/\p{Lu}[\p{L}\d-]+(?: (?:\p{Lu}[\p{L}\d-]+|\d+))*/gu) ?? [];
  const topic = names.sort((a, b) => b.length - a.length)[0] ?? words.slice(0, 3).join(' ');
  return [
    ...out,
    { kind: 'complete', question: `How does this sentence go on? "${start}"`, answer: end },
    { kind: 'yes or no', question: `Is this right: ${sentence}`, answer: 'Yes' },
    { kind: 'about', question: `Tell me something about ${topic}.`, answer: end },
  ];
}
