// Conversations that Telegram exports as pages (messages.html): one chat a page. Not here: what is made of the messages (chat.ts), its
// export as JSON (telegram.ts).
import { conversation, type Message } from './chat.js';
import type { Content, LeftOut } from './types.js';

interface Element {
  textContent: string | null;
  getAttribute: (name: string) => string | null;
  querySelector: (selector: string) => Element | null;
  querySelectorAll: (selector: string) => Iterable<Element>;
}

export function looksLikeTelegramPage(source: string): boolean {
  return source.includes('class="page_body chat_page"') && source.includes('class="message ');
}

/** Content of a page, with the number of its messages. */
export function telegramPage(page: unknown): Omit<Content, 'metadata'> & { messages: number } {
  const root = page as Element;
  let media = 0;
  const messages: Message[] = [];
  let from = 'Somebody';
  for (const message of root.querySelectorAll('.history .message.default')) {
    // Who wrote the one before is not named again.
    from = textOf(message.querySelector('.from_name')) || from;
    if (message.querySelector('.media_wrap') !== null) media++;
    const at = momentOf(message.querySelector('.date')?.getAttribute('title') ?? '');
    messages.push({ from, at, text: textOf(message.querySelector('.text')) });
  }
  const title = textOf(root.querySelector('.page_header .text'));
  const { count, ...content } = conversation(messages);
  const left: LeftOut[] =
    media === 0 ? [] : [{ what: `${media} pictures and files`, why: 'they are files of their own' }];
  return { kind: 'chat', ...(title === '' ? {} : { title }), ...content, left, messages: count };
}

/** `03.02.2026 21:05:11 UTC+01:00`, whatever the language of the program. */
function momentOf(title: string): string {
  const found = /^(\d\d)\.(\d\d)\.(\d{4}) (\d\d:\d\d)/u.exec(title);
  return found === null ? '' : `${found[3]!}-${found[2]!}-${found[1]!}T${found[4]!}`;
}

function textOf(element: Element | null): string {
  return (element?.textContent ?? '').replace(/\s+/gu, ' ').trim();
}
