// Conversations that Telegram exports as JSON (result.json): one chat, or all of an account. Not here: what is made of the messages
// (chat.ts).
import { isObject } from '../../is-object.js';
import { conversation } from './chat.js';
import { JoinedContent } from './joined.js';
import type { Content, LeftOut } from './types.js';

/** What is there of an export in the first characters of a file. */
export function looksLikeTelegram(source: string): boolean {
  const head = source.slice(0, 3000);
  return /^\s*\{/u.test(head) && /"(?:chats|type)"\s*:/u.test(head) && /"(?:messages|list)"\s*:\s*\[/u.test(head);
}

/** Content of an export; undefined for any other value. */
export function telegramContent(value: unknown): Omit<Content, 'metadata'> | undefined {
  const chats = chatsOf(value);
  if (chats === undefined) return undefined;
  const joined = new JoinedContent();
  let media = 0;
  for (const chat of chats) {
    const read = conversation(messagesOf(chat.messages));
    media += chat.messages.filter((one) => isObject(one) && ('photo' in one || 'file' in one)).length;
    joined.add(read, chats.length === 1 ? '' : nameOf(chat), { chat: nameOf(chat) });
  }
  const left: LeftOut[] =
    media === 0 ? [] : [{ what: `${media} pictures and files`, why: 'they are files of their own' }];
  const title = chats.length === 1 ? nameOf(chats[0]!) : '';
  return {
    kind: 'chat',
    ...(title === '' ? {} : { title }),
    ...{ text: joined.text, blocks: joined.blocks, left },
  };
}

interface Chat {
  name?: unknown;
  messages: unknown[];
}

function chatsOf(value: unknown): Chat[] | undefined {
  if (!isObject(value)) return undefined;
  const { chats, left_chats: others, messages } = value;
  const isOne = Array.isArray(messages) && typeof value['type'] === 'string' && messages.some(isMessage);
  if (isOne) return [value as unknown as Chat];
  const all = [chats, others].flatMap((part) =>
    isObject(part) && Array.isArray(part['list']) ? (part['list'] as unknown[]) : [],
  );
  const found = all.filter((chat): chat is Chat => isObject(chat) && Array.isArray(chat['messages']));
  return found.some((chat) => chat.messages.some(isMessage)) ? found : undefined;
}

function isMessage(value: unknown): value is Record<string, unknown> {
  return isObject(value) && typeof value['date'] === 'string' && 'text' in value && 'id' in value;
}

function nameOf({ name }: Chat): string {
  return typeof name === 'string' ? name : 'Saved messages';
}

function* messagesOf(messages: readonly unknown[]): Generator<{ from: string; at: string; text: string }> {
  for (const message of messages) {
    if (!isMessage(message) || message['type'] === 'service') continue;
    const { from, date, text } = message;
    yield { from: typeof from === 'string' ? from : 'Somebody', at: (date as string).slice(0, 16), text: textOf(text) };
  }
}

/** A text, or its parts: plain ones, and those with a look or a link. */
function textOf(text: unknown): string {
  if (typeof text === 'string') return text;
  if (!Array.isArray(text)) return '';
  return (text as unknown[])
    .map((part) => {
      if (typeof part === 'string') return part;
      return isObject(part) && typeof part['text'] === 'string' ? part['text'] : '';
    })
    .join('');
}
