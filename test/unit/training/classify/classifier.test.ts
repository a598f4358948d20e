// Classification by completion: the probabilities of a search are those of trying every answer, and what is learned is what is
// asked. The model here says arbitrary things, the same for the same tokens.
import { describe, expect, it } from 'vitest';
import { Answers } from '../../../../src/training/classify/answers.js';
import { Classifier } from '../../../../src/training/classify/classifier.js';
import { evaluate } from '../../../../src/training/classify/evaluate.js';
import { newTask, questionOf } from '../../../../src/training/classify/task.js';
import { seededRandom } from '../../../../src/training/random.js';
import { answerStart, characterEncoder, encode, END_OF_TURN, turn } from '../encoder.js';

const VOCABULARY = 128;
const encoder = characterEncoder();

/** Logits that follow from the tokens alone, times `scale`: the larger, the surer of itself. */
class ArbitraryModel {
  passes = 0;
  readonly #scale: number;

  constructor(scale = 2) {
    this.#scale = scale;
  }

  lastRow(tokens: ArrayLike<number>): number[] {
    const hash = Array.from(tokens).reduce((sum, token) => (Math.imul(sum, 31) + token) >>> 0, 7);
    const random = seededRandom(hash);
    return Array.from({ length: VOCABULARY }, () => Math.fround(this.#scale * random.next()));
  }

  logits(tokens: ArrayLike<number>): Promise<Float32Array> {
    this.passes++;
    const out = new Float32Array(tokens.length * VOCABULARY).fill(Number.NaN);
    out.set(this.lastRow(tokens), out.length - VOCABULARY);
    return Promise.resolve(out);
  }
}

/** All answers with their probabilities: at each token, that of the model over the tokens any answer may go on with. */
function everyAnswer(model: ArbitraryModel, question: number[], answers: number[][]): number[] {
  return answers.map((answer) => {
    let probability = 1;
    for (let at = 0; at < answer.length; at++) {
      const said = answer.slice(0, at);
      const fitting = answers.filter((other) => said.every((token, i) => other[i] === token));
      const allowed = [...new Set(fitting.map((other) => other[at]!))];
      const row = model.lastRow([...question, ...said]);
      const sum = allowed.reduce((total, token) => total + Math.exp(row[token]!), 0);
      probability *= Math.exp(row[answer[at]!]!) / sum;
    }
    return probability;
  });
}

const subsets = (size: number): number[][] =>
  Array.from({ length: 2 ** size }, (_, bits) => [...Array(size).keys()].filter((i) => (bits >> i) & 1));

describe('Classifier', () => {
  // Labels that begin alike, and one that begins another.
  const labels = ['art', 'arts', 'news', 'neon', 'zoo'];
  const tasks = { one: newTask(labels, { several: false }), several: newTask(labels, { several: true }) };

  it.each(['one', 'several'] as const)('finds what trying every answer finds: %s', async (kind) => {
    const task = tasks[kind];
    const sets = kind === 'one' ? labels.map((_, i) => [i]) : subsets(labels.length);
    const answers = new Answers(task, encoder);
    for (let n = 0; n < 20; n++) {
      const model = new ArbitraryModel(kind === 'one' ? 3 : 12);
      const text = `text ${n}`;
      const prediction = await new Classifier(task, encoder, 1000).predict(model, text);
      const question = [...turn('user', questionOf(task, text)), ...answerStart];
      const probabilities = everyAnswer(
        model,
        question,
        sets.map((set) => answers.tokensOf(set)),
      );
      expect(probabilities.reduce((sum, each) => sum + each)).toBeCloseTo(1, 9);
      const best = sets[probabilities.indexOf(Math.max(...probabilities))]!;
      expect(prediction.labels).toEqual(best.map((label) => task.labels[label]));
      for (const [label, name] of task.labels.entries()) {
        const exact = sets.reduce((sum, set, i) => sum + (set.includes(label) ? probabilities[i]! : 0), 0);
        const found = prediction.probabilities[name]!;
        expect(found).toBeLessThanOrEqual(exact + 1e-9);
        expect(found).toBeGreaterThanOrEqual(exact - 1e-3 - 1e-9);
      }
    }
  });

  it('asks the model once where labels differ in their first token', async () => {
    const model = new ArbitraryModel();
    const task = newTask(['spam', 'ham', 'other'], { several: false });
    await new Classifier(task, encoder, 1000).predict(model, 'Win a prize!');
    expect(model.passes).toBe(1);
  });

  it('ends, with an answer the task allows, where the model knows nothing and answers are many', async () => {
    const model = new ArbitraryModel(0);
    const names = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i));
    const { labels: found, probabilities } = await new Classifier(
      newTask(names, { several: true }),
      encoder,
      1000,
    ).predict(model, 'text');
    expect(found).toEqual(names.filter((name) => found.includes(name)));
    expect(model.passes).toBeLessThan(100);
    for (const probability of Object.values(probabilities)) expect(probability).toBeLessThanOrEqual(1);
  });

  it('learns the tokens that it later asks for, and the end', () => {
    const classifier = new Classifier(tasks.several, encoder, 1000);
    const { tokens, weights } = classifier.example('text', ['news', 'art']);
    const learned = Array.from(tokens).filter((_, i) => weights[i] === 1);
    expect(learned).toEqual([...encode('art, news'), END_OF_TURN]);
    const question = Array.from(tokens).slice(0, -learned.length);
    expect(question).toEqual([...turn('user', questionOf(tasks.several, 'text')), ...answerStart]);
    const none = classifier.example('text', []);
    expect(Array.from(none.tokens).slice(question.length)).toEqual([...encode('none'), END_OF_TURN]);
  });

  it('refuses a text that is empty or too long, and a label it does not know', async () => {
    const classifier = new Classifier(tasks.one, encoder, 100);
    const model = new ArbitraryModel();
    await expect(classifier.predict(model, ' \n')).rejects.toMatchObject({ code: 'empty' });
    await expect(classifier.predict(model, 'x'.repeat(100))).rejects.toMatchObject({ code: 'too_long' });
    expect(() => classifier.example('x', ['opera'])).toThrow(expect.objectContaining({ code: 'mismatch' }));
  });

  it('stops when it is cancelled', async () => {
    const cancelled = new Classifier(tasks.one, encoder, 1000).predict(new ArbitraryModel(), 'x', AbortSignal.abort());
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is measured on rows whose labels are known', async () => {
    const classifier = new Classifier(tasks.one, encoder, 1000);
    const model = new ArbitraryModel();
    const texts = ['one', 'two', 'three', 'four'];
    const predictions = await Promise.all(texts.map((text) => classifier.predict(model, text)));
    const rows = texts.map((text, i) => ({ text, labels: predictions[i]!.labels, several: false, line: i + 1 }));
    const seen: number[] = [];
    const report = await evaluate(classifier, model, rows, { onProgress: ({ done }) => seen.push(done) });
    expect(report).toMatchObject({ texts: 4, accuracy: 1, micro: { f1: 1 } });
    expect(seen).toEqual([1, 2, 3, 4]);
    const wrong = labels.find((label) => label !== rows[0]!.labels[0])!;
    const worse = await evaluate(classifier, model, [{ ...rows[0]!, labels: [wrong] }, ...rows.slice(1)]);
    expect(worse.accuracy).toBe(0.75);
  });
});

describe('a task', () => {
  it('has each label once, in an order of its own', () => {
    expect(newTask(['b', 'a', 'b'], { several: false }).labels).toEqual(['a', 'b']);
  });

  it.each([
    ['no label', [], {}],
    ['one label', ['a', 'a'], {}],
    ['a label that reads as none', ['a', 'none'], { several: true }],
    ['a prompt without a text', ['a', 'b'], { prompt: 'Which one?' }],
  ])('is refused with %s', (_why, labels, options) => {
    expect(() => newTask(labels, { several: false, ...options })).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('is refused where two labels are the same to the model', () => {
    const deaf = { ...encoder, encode: () => Uint32Array.of(65) };
    expect(() => new Answers(newTask(['a', 'b'], { several: false }), deaf)).toThrow(/same tokens/);
  });

  it('asks with the text as it is, whatever stands in it', () => {
    const task = newTask(['a', 'b'], { several: false, prompt: '{labels}? {text}' });
    expect(questionOf(task, '$& {labels} {text}')).toBe('a, b? $& {labels} {text}');
  });
});
