import { describe, expect, it } from 'vitest';
import { EVIDENCE } from '../../../src/memory/evidence.js';
import { Gate, gateKeys } from '../../../src/memory/gate.js';
import { GATE_WEIGHTS } from '../../../src/memory/gate-weights.js';
import { byLength, letters } from './letters.js';

async function gateWith(memories: Record<string, string | { text: string; question: string }>): Promise<Gate> {
  const gate = new Gate(() => Promise.resolve(letters), byLength);
  for (const [id, memory] of Object.entries(memories)) {
    const keys = gateKeys(typeof memory === 'string' ? { text: memory } : memory);
    gate.set(gate.entry(id, keys, await letters.embed(keys)));
  }
  return gate;
}

const ids = async (gate: Gate, question: string) => (await gate.match(question)).map(({ id }) => id);

const mayor = { question: 'Who is the mayor of Ulmenau?', text: 'Who is the mayor of Ulmenau? Ana Brol' };

describe('Gate', () => {
  it('asks no embedder while there is no memory', async () => {
    const gate = new Gate(() => Promise.reject(new Error('not needed')), byLength);
    await expect(gate.match('anything')).resolves.toEqual([]);
  });
  it('names the memory that is touched, and none for another question', async () => {
    const gate = await gateWith({ a: mayor, b: 'Parrots eat seeds and nuts' });
    expect(await ids(gate, 'Which mayor does Ulmenau have?')).toEqual(['a']);
    expect(await ids(gate, 'Explain photosynthesis')).toEqual([]);
  });
  it('lets no question of the same form about another place, person or number pass', async () => {
    const gate = await gateWith({
      a: mayor,
      b: { question: 'Who won the Larkspur Cup in 1994?', text: 'Who won the Larkspur Cup in 1994? Ana Brol' },
    });
    expect(await ids(gate, 'Who is the mayor of Steinach?')).toEqual([]);
    expect(await ids(gate, 'In 1994, who won the Larkspur Cup?')).toEqual(['b']);
    expect(await ids(gate, 'Who won the Larkspur Cup in 1995?')).toEqual([]);
  });
  it('looks at every sentence of a remark', async () => {
    const gate = await gateWith({ a: mayor });
    expect(await ids(gate, 'It rained all week and we stayed at home. Who is the mayor of Ulmenau?')).toEqual(['a']);
  });
  it('takes the later of two that fit equally well', async () => {
    const gate = await gateWith({ old: mayor, new: mayor });
    expect((await ids(gate, 'Who is the mayor of Ulmenau?'))[0]).toBe('new');
  });
  it('forgets a deleted memory', async () => {
    const gate = await gateWith({ a: mayor });
    gate.delete('a');
    expect(await ids(gate, 'Who is the mayor of Ulmenau?')).toEqual([]);
  });
  it('scores exactly what reaches the threshold, whatever is skipped', async () => {
    const gate = await gateWith({});
    const keys = gateKeys(mayor);
    const entry = gate.entry('a', keys, await letters.embed(keys));
    for (const question of [
      'Who is the mayor of Ulmenau?',
      'Which mayor does Ulmenau have?',
      'Explain photosynthesis',
    ]) {
      const query = await gate.query(question);
      const exact = gate.score(query, entry);
      const least = gate.score(query, entry, 0.5);
      if (exact >= 0.5) expect(least).toBe(exact);
      else expect(least).toBeLessThan(0.5);
    }
  });
});

describe('gateKeys', () => {
  it('is the whole, then the question, or sentences and what lessons ask', () => {
    expect(gateKeys(mayor)).toEqual([mayor.text, mayor.question]);
    expect(gateKeys({ text: 'Ana lives in Ulm. She is the mayor.' })).toEqual([
      'Ana lives in Ulm. She is the mayor.',
      'Ana lives in Ulm.',
      'She is the mayor.',
    ]);
    expect(gateKeys({ text: 'Ana lives in Ulm.', lessons: [{ question: 'Who lives in Ulm?' }] })).toEqual([
      'Ana lives in Ulm.',
      'Who lives in Ulm?',
    ]);
  });
});

describe('the weights', () => {
  it('are one for each piece of evidence, and meaning speaks for a memory', () => {
    expect(GATE_WEIGHTS).toHaveLength(EVIDENCE.length);
    expect(GATE_WEIGHTS[EVIDENCE.indexOf('meaning')]).toBeGreaterThan(0);
  });
});
