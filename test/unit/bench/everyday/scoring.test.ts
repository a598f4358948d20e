// When the everyday benchmark calls an answer right.
import { describe, expect, it } from 'vitest';
import { load } from './parts.js';

const { isRight, saysOf } = await load<{
  isRight: (answer: string, asked: { answers: string[]; all?: boolean }) => boolean;
  saysOf: (answer: string, wanted: string) => boolean;
}>('scoring');

describe('what an everyday answer says', () => {
  it('takes numbers as whole ones', () => {
    expect(saysOf('“Alarm panel disarms with 0926, you get 30 seconds.”', '0926')).toBe(true);
    expect(saysOf('The extension is 33104.', '3310')).toBe(false);
    expect(saysOf('It costs 4,500 a year.', '500')).toBe(false);
    expect(saysOf('The engine has 1.8 litres.', '8')).toBe(false);
    expect(saysOf('It is 11.8 long.', '1.8')).toBe(false);
    expect(saysOf('Call 555-0142.', '0142')).toBe(true);
    expect(saysOf('It has 16GB, on the 31st.', '16')).toBe(true);
    expect(saysOf('It has 16GB, on the 31st.', '31')).toBe(true);
    expect(saysOf('Key C14X.', '14')).toBe(false);
  });

  it('takes single words as whole ones, and phrases wherever they stand', () => {
    expect(saysOf('Behind the tumble dryer.', 'dryer')).toBe(true);
    expect(saysOf('Two hairdryers.', 'dryer')).toBe(false);
    expect(saysOf('Left of her porch’s steps', "her porch's")).toBe(true);
    expect(saysOf('A tumble-dryer.', 'tumble dryer')).toBe(true);
    expect(saysOf('Bei Öztürk, ganz oben.', 'öztürk')).toBe(true);
    expect(saysOf('Nothing.', '')).toBe(false);
  });

  it('asks for no borders in scripts that have none', () => {
    expect(saysOf('复盘会挪到16:30开，在海棠', '16:30')).toBe(true);
    expect(saysOf('复盘会挪到116:30开', '16:30')).toBe(false);
    expect(saysOf('会議室は海棠です', '海棠')).toBe(true);
    expect(saysOf('坐7车回家', '7')).toBe(true);
    expect(saysOf('座１６号', '16')).toBe(true);
  });

  it('takes yes and no by the first word, whatever else is said', () => {
    expect(saysOf('Yes. “no dogs on the beach”', 'Yes')).toBe(true);
    expect(saysOf('Yes. “no dogs on the beach”', 'No')).toBe(false);
    expect(saysOf('“There is no code.”', 'No')).toBe(false);
    expect(saysOf('Nobody knows.', 'No')).toBe(false);
    expect(saysOf('Ja. „Nein“', 'Ja')).toBe(true);
    expect(saysOf('Non, jamais.', 'Non')).toBe(true);
    expect(saysOf('Sí, claro', 'Sí')).toBe(true);
    expect(saysOf('はい。“煮干し”', 'はい')).toBe(true);
    expect(saysOf('いいえ、違います', 'いいえ')).toBe(true);
    expect(saysOf('いいえ、違います', 'はい')).toBe(false);
  });

  it('takes the Chinese words for yes and no for each other', () => {
    expect(saysOf('不能，“别滴油”', '不')).toBe(true);
    expect(saysOf('对，是反的', '是')).toBe(true);
    expect(saysOf('没错', '没')).toBe(false);
    expect(saysOf('对不起，我不知道', '对')).toBe(false);
    expect(saysOf('“总水阀不在那儿”', '不')).toBe(false);
  });

  it('is content with one string, or wants all', () => {
    expect(isRight('0926', { answers: ['0926', '6083'] })).toBe(true);
    expect(isRight('0926', { answers: ['0926', '6083'], all: true })).toBe(false);
    expect(isRight('0926 and 6083', { answers: ['0926', '6083'], all: true })).toBe(true);
    expect(isRight('It is never done.', { answers: ['No', 'never'] })).toBe(true);
  });
});
