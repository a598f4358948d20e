// E-mail: a message or a mailbox of them, and pages that were saved as messages (MHTML). Of each who wrote it to whom, when and
// about what, then its text, and what is attached by the other readers. Not here: MIME (postal-mime).
import type { Address, Attachment, Email } from 'postal-mime';
import { contentOfHtml, contentOfPage } from './html.js';
import { readContent } from './index.js';
import { JoinedContent } from './joined.js';
import { messagesOf } from './mailbox.js';
import { paragraphs } from './text.js';
import { SkipError, type Content, type LeftOut, type Metadata, type Reader } from './types.js';

export const readEmail: Reader = async (bytes, path, { depth }) => {
  const messages = messagesOf(bytes, path);
  if (messages.length === 1) return oneMessage(messages[0]!, depth);
  const joined = new JoinedContent();
  const left: LeftOut[] = [];
  for (const [i, message] of messages.entries()) {
    const read = await oneMessage(message, depth).catch((error: unknown) => emptyIfSkipped(error, i + 1));
    const { title = '', metadata = {}, ...content } = read;
    joined.add(content, title, metadata);
    left.push(...(content.left ?? []));
  }
  const { text, blocks } = joined;
  return { kind: 'email', text, blocks, metadata: { messages: messages.length }, left };
};

/** One unreadable message of a mailbox is not the end of the others. */
function emptyIfSkipped(error: unknown, number: number): Content {
  if (error instanceof SkipError) {
    return { kind: 'email', text: '', blocks: [], left: [{ what: `message ${number}`, why: error.message }] };
  }
  throw error;
}

async function oneMessage(bytes: Buffer, depth: number): Promise<Content> {
  const { default: PostalMime } = await import('postal-mime');
  const email = await PostalMime.parse(bytes, { attachmentEncoding: 'arraybuffer' }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new SkipError('corrupt', `It is not a sound message: ${why}`, { cause: error });
  });
  const fields = fieldsOf(email);
  const title = email.subject?.trim() ?? '';
  const joined = new JoinedContent();
  const head = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
  const body = await bodyOf(email);
  const shift = head === '' ? 0 : head.length + 2;
  joined.text = head === '' ? '' : `${head}\n\n`;
  if (head !== '') joined.blocks.push({ kind: 'text', start: 0, end: head.length });
  joined.text += `${body.text}\n\n`;
  joined.blocks.push(...body.blocks.map((block) => ({ ...block, start: block.start + shift, end: block.end + shift })));
  const left: LeftOut[] = [];
  for (const attachment of email.attachments) await addAttachment(joined, attachment, left, depth);
  const unread = left.map(({ what, why }) => `${what}: ${why}`);
  return {
    kind: 'email',
    ...(title === '' ? {} : { title }),
    ...{ text: joined.text, blocks: joined.blocks },
    metadata: { ...fields, ...(unread.length === 0 ? {} : { unread: unread.join('; ').slice(0, 1000) }) },
    left,
  };
}

/** Its text as it was written, or what its HTML says where there is none, or no more than that there is HTML. */
async function bodyOf({ text = '', html }: Email): Promise<Content> {
  const isStub =
    html !== undefined && text.trim().length < 0.2 * html.replace(/<[^<>]*>/gu, ' ').replace(/\s+/gu, ' ').length;
  if (html === undefined || (text.trim() !== '' && !isStub)) {
    const plain = text.replace(/\r\n?/gu, '\n');
    return { kind: 'text', text: plain, blocks: paragraphs(plain) };
  }
  return /<(?:html|body)\b/iu.test(html) ? contentOfPage(html) : contentOfHtml('html', html);
}

function fieldsOf({ from, to, cc, date, subject }: Email): Metadata {
  const fields: Metadata = {};
  const put = (name: string, value: string | undefined): void => {
    const line = value?.replace(/\s+/gu, ' ').trim() ?? '';
    if (line !== '') fields[name] = line.slice(0, 500);
  };
  put('from', from && nameOf(from));
  put('to', to?.map(nameOf).join(', '));
  put('cc', cc?.map(nameOf).join(', '));
  put('date', date);
  put('subject', subject);
  return fields;
}

function nameOf({ name, address, group }: Address): string {
  if (group !== undefined) return `${name}: ${group.map(nameOf).join(', ')}`;
  return name === '' || name === address ? address : `${name} <${address}>`;
}

async function addAttachment(
  joined: JoinedContent,
  attachment: Attachment,
  left: LeftOut[],
  depth: number,
): Promise<void> {
  const { filename, mimeType, content } = attachment;
  const name = filename ?? `${mimeType}${ENDINGS[mimeType] ?? ''}`;
  // What a page is shown with is no part of its text.
  if (attachment.related === true && !/^text\/(?:html|plain)$/u.test(mimeType)) return;
  if (/^text\/css$|javascript$/u.test(mimeType)) return;
  const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as Uint8Array);
  try {
    const path = filename ?? `attachment${ENDINGS[mimeType] ?? '.txt'}`;
    joined.add(await readContent(bytes, path, { depth: depth + 1 }), name, { attachment: name });
  } catch (error) {
    if (!(error instanceof SkipError)) throw error;
    left.push({ what: name, why: error.message });
  }
}

/** Of parts without a name. */
const ENDINGS: Record<string, string> = {
  'message/rfc822': '.eml',
  'text/html': '.html',
  'text/markdown': '.md',
  'text/csv': '.csv',
  'application/json': '.json',
  'application/pdf': '.pdf',
  'text/calendar': '.txt',
};
