// E-mail as people keep it: one message, mailboxes, attachments by the readers of their own formats.
import { describe, expect, it } from 'vitest';
import { chunkContent } from '../../../src/retrieval/chunks.js';
import { readContent, type Content } from '../../../src/retrieval/readers/index.js';
import { storedZip } from '../models/stored-zip.js';

const read = (name: string, lines: readonly string[]): Promise<Content> =>
  readContent(Buffer.from(lines.join('\r\n')), name);
const base64 = (data: string | Buffer): string =>
  Buffer.from(data as string)
    .toString('base64')
    .replace(/.{76}/gu, '$&\r\n');

const HEAD = [
  'From: Mara Voss <mara@example.org>',
  'To: otis@example.org, =?utf-8?q?J=C3=BCrg?= <j@example.org>',
  'Subject: =?utf-8?b?R2zDvGhlbmRlciBPZmVu?=',
  'Date: Tue, 03 Mar 2026 10:00:00 +0000',
  'MIME-Version: 1.0',
];

describe('a message', () => {
  it('is who wrote it, when and about what, and its text, decoded', async () => {
    const content = await read('a.eml', [
      ...HEAD,
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      base64('Der Ofen glüht.\n\nBis Dienstag!\n'),
    ]);
    expect(content.title).toBe('Glühender Ofen');
    expect(content.metadata).toMatchObject({
      from: 'Mara Voss <mara@example.org>',
      to: 'otis@example.org, Jürg <j@example.org>',
      date: '2026-03-03T10:00:00.000Z',
    });
    const [only] = chunkContent(content);
    expect(only!.text).toMatch(/^from: Mara Voss[^]*Der Ofen glüht\.\n\nBis Dienstag!$/u);
  });

  it('has its attachments below it, each by its own reader, and says which have no text', async () => {
    const part = (type: string, name: string, data: string | Buffer): string[] => [
      '--xx',
      `Content-Type: ${type}; name="${name}"`,
      `Content-Disposition: attachment; filename="${name}"`,
      'Content-Transfer-Encoding: base64',
      '',
      base64(data),
    ];
    const content = await read('a.eml', [
      ...HEAD,
      'Content-Type: multipart/mixed; boundary=xx',
      '',
      '--xx',
      'Content-Type: multipart/alternative; boundary=yy',
      '',
      '--yy',
      'Content-Type: text/plain',
      '',
      'Please see the list.',
      '--yy',
      'Content-Type: text/html',
      '',
      '<p>Please see the <b>list</b>.</p>',
      '--yy--',
      ...part('text/csv', 'guests.csv', 'name,city\nOtis,Bern\n'),
      ...part('text/markdown', 'plan.md', '# Plan\n\nFire on Friday.\n'),
      ...part('image/png', 'kiln.png', Buffer.from('89504e470d0a1a0a0000000d', 'hex')),
      ...part('application/zip', 'all.zip', storedZip({ a: 'b' })),
      '--xx--',
    ]);
    const found = chunkContent(content);
    expect(found.map(({ headings, text }) => [headings.join(' › '), text.replace(/^from: [^]*\n\n/u, '')])).toEqual([
      ['', 'Please see the list.'],
      ['guests.csv', 'name: Otis\ncity: Bern'],
      ['plan.md › Plan', 'Fire on Friday.'],
    ]);
    expect(found[1]!.metadata).toEqual({ attachment: 'guests.csv', name: 'Otis', city: 'Bern' });
    expect(content.metadata!['unread']).toBe('kiln.png: It is a picture.; all.zip: It is an archive.');
  });

  it('is its HTML where it has no other text, in the encoding that it says', async () => {
    const jis = '\x1b$B' + '\x37\x2d' + '\x1b(B';
    const content = await readContent(
      Buffer.from(
        [...HEAD, 'Content-Type: text/html; charset=iso-2022-jp', '', `<p>${jis} ok</p>`].join('\r\n'),
        'latin1',
      ),
      'a.eml',
    );
    expect(content.text).toContain('鍬 ok');
  });
});

describe('a mailbox', () => {
  it('is its messages, each under its subject with who and when', async () => {
    const message = (who: string, text: string): string[] => [
      `From ${who}@example.org Tue Mar  3 10:00:00 2026`,
      `From: ${who}@example.org`,
      `Subject: About ${who}`,
      '',
      text,
      '>From here on it is quoted.',
      '',
    ];
    const content = await read('all.mbox', [
      ...message('mara', 'The kiln is hot.'),
      ...message('otis', 'Fire on Friday.'),
    ]);
    const found = chunkContent(content);
    expect(found.map(({ headings, metadata }) => [headings[0], metadata!['from']])).toEqual([
      ['About mara', 'mara@example.org'],
      ['About otis', 'otis@example.org'],
    ]);
    expect(found[1]!.text).toContain('Fire on Friday.\nFrom here on it is quoted.');
  });

  it('of Apple Mail has its length before it', async () => {
    const message = 'Subject: Kiln\n\nIt is hot.\n';
    const content = await read('1.emlx', [`${message.length}\n${message}<?xml version="1.0"?><plist/>`]);
    expect(content.text.trim()).toBe('subject: Kiln\n\nIt is hot.');
  });
});
