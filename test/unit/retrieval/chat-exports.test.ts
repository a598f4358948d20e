// Conversations that WhatsApp, Telegram and Slack export: who and when on each passage, in the dates of any country.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chunkContent } from '../../../src/retrieval/chunks.js';
import { readContent, type Content } from '../../../src/retrieval/readers/index.js';

const read = (name: string, data: unknown): Promise<Content> =>
  readContent(Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)), name);
const passages = (content: Content): unknown[] => chunkContent(content).map(({ text, metadata }) => [text, metadata]);

/** When the second of three messages was written, and by whom, in an export in which dates look so. */
async function second(...times: string[]): Promise<unknown> {
  const source = times.map((time, i) => `${time}${['Anna', 'Ben Ö.', 'Anna'][i]!}: message ${i}`).join('\n');
  const content = await read('chat.txt', source);
  return content.kind === 'chat' ? content.text.split('\n').find((line) => line.endsWith('message 1')) : content.kind;
}

describe('WhatsApp', () => {
  it('is read in the dates of many countries', async () => {
    const said = 'Ben Ö.: message 1';
    expect(await second('12/30/20, 11:58 PM - ', '12/31/20, 12:05 AM - ', '1/1/21, 9:00 AM - ')).toBe(
      `2020-12-31 00:05 ${said}`,
    );
    expect(await second('30.12.20, 23:58 - ', '31.12.20, 23:59 - ', '01.01.21, 09:00 - ')).toBe(
      `2020-12-31 23:59 ${said}`,
    );
    expect(await second('[30.12.20, 23:58:01] ', '\u200E[31.12.20, 23:59:02] ', '[01.01.21, 09:00:00] ')).toBe(
      `2020-12-31 23:59 ${said}`,
    );
    expect(await second('3/4/21, 8:00 pm - ', '4/4/21, 8:05 p.\u00A0m. - ', '5/4/21, 8:10 pm - ')).toBe(
      `2021-04-04 20:05 ${said}`,
    );
    expect(await second('[2020/12/30 下午11:58:01] ', '[2020/12/31 上午12:05:02] ', '[2021/1/1 上午9:00:00] ')).toBe(
      `2020-12-31 00:05 ${said}`,
    );
    expect(await second('2020. 12. 30. 오후 11:58, ', '2020. 12. 31. 오후 1:05, ', '2021. 1. 1. 오전 9:00, ')).toBe(
      `2020-12-31 13:05 ${said}`,
    );
    expect(await second('30-12-2020 23:58 - ', '31-12-2020 23:59 - ', '01-01-2021 09:00 - ')).toBe(
      `2020-12-31 23:59 ${said}`,
    );
    expect(await second('٣٠/١٢/٢٠٢٠، ١١:٥٨ م - ', '٣١/١٢/٢٠٢٠، ١٢:٠٥ ص - ', '١/١/٢٠٢١، ٩:٠٠ ص - ')).toBe(
      `2020-12-31 00:05 ${said}`,
    );
    expect(await second('30.12.2020 um 23:58 - ', '31.12.2020 um 12:59 - ', '01.01.2021 um 09:00 - ')).toBe(
      `2020-12-31 12:59 ${said}`,
    );
  });

  it('has who and when on each passage, lines that go on, and what nobody said', async () => {
    const content = await read(
      'chat.txt',
      '31.12.20, 23:50 - Messages are encrypted.\n31.12.20, 23:58 - Anna: Where is the key?\nThe red one.\n' +
        '31.12.20, 23:59 - Ben: On the hook: left.\n02.01.21, 10:00 - Anna: Found it.\n',
    );
    expect(passages(content)).toEqual([
      [
        '2020-12-31 23:50 Messages are encrypted.\n2020-12-31 23:58 Anna: Where is the key?\nThe red one.\n2020-12-31 23:59 Ben: On the hook: left.',
        { date: '2020-12-31', time: '23:50', 'from.0': 'Anna', 'from.1': 'Ben' },
      ],
      ['2021-01-02 10:00 Anna: Found it.', { from: 'Anna', date: '2021-01-02', time: '10:00' }],
    ]);
  });

  it('is not a log, nor a diary', async () => {
    expect((await read('a.txt', '[2020-12-31 23:59:59] INFO: started\n[2021-01-01 00:00:00] WARN: slow\n')).kind).toBe(
      'text',
    );
    expect(
      (await read('a.txt', '2020-12-31 23:59:59,123 root: started\n2021-01-01 00:00:00,456 root: slow\n')).kind,
    ).toBe('text');
    expect((await read('a.txt', '31.12.20\nWe went home.\n')).kind).toBe('text');
  });
});

describe('Telegram', () => {
  it('one chat, and all of an account', async () => {
    const chat = {
      ...{ name: 'Ben', type: 'personal_chat', id: 1 },
      messages: [
        { id: 1, type: 'service', date: '2021-04-04T20:00:00', actor: 'Anna', action: 'create', text: '' },
        {
          id: 2,
          type: 'message',
          date: '2021-04-04T20:05:00',
          from: 'Anna',
          text: ['See ', { type: 'link', text: 'x.org' }],
        },
        { id: 3, type: 'message', date: '2021-04-04T20:06:00', from: 'Ben', text: 'Yes.', photo: 'photos/1.jpg' },
      ],
    };
    const expected = '2021-04-04 20:05 Anna: See x.org\n2021-04-04 20:06 Ben: Yes.';
    const fields = { date: '2021-04-04', time: '20:05', 'from.0': 'Anna', 'from.1': 'Ben', chat: 'Ben' };
    const one = await read('result.json', chat);
    expect(passages(one)).toEqual([[expected, fields]]);
    expect(one).toMatchObject({ kind: 'chat', title: 'Ben', left: [{ what: '1 pictures and files' }] });
    const all = await read('result.json', {
      about: 'x',
      chats: { about: 'y', list: [chat, { ...chat, name: 'Zoe' }] },
    });
    expect(chunkContent(all).map(({ headings, metadata }) => [headings, metadata!['chat']])).toEqual([
      [['Ben'], 'Ben'],
      [['Zoe'], 'Zoe'],
    ]);
    expect((await read('result.json', { type: 'x', messages: [{ a: 1 }] })).kind).toBe('json');
  });
});

describe('Slack', () => {
  it('a day of a channel, with the names of people', async () => {
    const root = mkdtempSync(join(tmpdir(), 'engram-slack-'));
    mkdirSync(join(root, 'general'));
    writeFileSync(
      join(root, 'users.json'),
      JSON.stringify([{ id: 'U2', name: 'ben', profile: { real_name: 'Ben Ost' } }]),
    );
    const content = await read(join(root, 'general', '2021-04-04.json'), [
      {
        type: 'message',
        user: 'U1',
        text: 'Ask <@U2>, see <https://x.org|there> &amp; <#C1|kilns>',
        ts: '1617566700.000100',
        user_profile: { real_name: 'Anna' },
      },
      { type: 'message', subtype: 'channel_join', user: 'U3', text: 'joined', ts: '1617566701.0' },
      { type: 'message', user: 'U2', text: 'Done.', ts: '1617566760.000200' },
    ]);
    rmSync(root, { recursive: true });
    expect(content).toMatchObject({ kind: 'chat', title: 'general' });
    expect(passages(content)).toEqual([
      [
        '2021-04-04 20:05 Anna: Ask @Ben Ost, see there (https://x.org) & #kilns\n2021-04-04 20:06 Ben Ost: Done.',
        { date: '2021-04-04', time: '20:05', 'from.0': 'Anna', 'from.1': 'Ben Ost', channel: 'general' },
      ],
    ]);
  });
});
