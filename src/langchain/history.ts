// EngramChatMessageHistory: a chat that is kept in the brain (`engram chats`), as LangChain's message history. Each change is on
// the disk when its promise is kept. Not here: the transcript (ChatStore).
import { BaseListChatMessageHistory } from '@langchain/core/chat_history';
import type { BaseMessage } from '@langchain/core/messages';
import { Engram, EngramError, type ChatStore, type OpenChat } from '../index.js';
import { toChatMessage, toLangChain } from './messages.js';

export interface EngramChatMessageHistoryFields {
  /** Name of the chat: letters, digits, `-`, `_`. It is begun with the first message. */
  chat: string;
  /** An open Engram, whose home and brain are taken. */
  engram?: Engram | undefined;
  /** Defaults: those of Engram.open(). */
  home?: string | undefined;
  brain?: string | undefined;
}

export class EngramChatMessageHistory extends BaseListChatMessageHistory {
  override lc_namespace = ['engram', 'chat_history'];
  readonly #store: () => Promise<ChatStore>;
  readonly #chat: string;

  static override lc_name(): string {
    return 'EngramChatMessageHistory';
  }

  constructor({ chat, engram, home, brain }: EngramChatMessageHistoryFields) {
    super();
    this.#chat = chat;
    // Nothing is loaded for it.
    let opening: Promise<Engram> | undefined;
    this.#store = async () => (engram ?? (await (opening ??= Engram.open({ home, brain, lazy: true })))).chats;
  }

  /** None if there is no such chat. */
  override async getMessages(): Promise<BaseMessage[]> {
    const messages = await this.#within((chat) => Promise.resolve(chat.messages));
    return (messages ?? []).map(toLangChain);
  }

  override addMessage(message: BaseMessage): Promise<void> {
    return this.addMessages([message]);
  }

  override async addMessages(messages: BaseMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const said = messages.map(toChatMessage);
    const add = async (chat: OpenChat): Promise<true> => {
      await chat.add(said);
      return true;
    };
    if ((await this.#within(add)) === true) return;
    try {
      await (await this.#store()).begin(this.#chat, add);
    } catch (error) {
      // Begun by another process in between.
      if (!(error instanceof EngramError && error.code === 'exists')) throw error;
      await (await this.#store()).resume(this.#chat, add);
    }
  }

  /** Begins anew; the transcript on the disk keeps what was said. */
  override async clear(): Promise<void> {
    await this.#within((chat) => chat.clear());
  }

  /** Undefined if there is no such chat. */
  async #within<T>(action: (chat: OpenChat) => Promise<T>): Promise<T | undefined> {
    try {
      return await (await this.#store()).resume(this.#chat, action);
    } catch (error) {
      if (error instanceof EngramError && error.code === 'not_found') return undefined;
      throw error;
    }
  }
}
