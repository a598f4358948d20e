// Refuses at once what can be refused before a model is loaded: options of an answer that cannot be, an adapter that is not
// there, a conversation with a model that has no chat template. Not here: what only the loaded model knows.
import { checkAskOptions, generationOf } from './answering.js';
import { readSettings, type GivenSettings } from './config.js';
import { defined } from './defined.js';
import type { AskOptions } from './engram-options.js';
import { inspectModel, memoryNeeds, requireChatTemplate, requireRoomToMemorize, resolveModel } from './models/index.js';
import { findAdapter } from './training/index.js';

export interface CheckedSettings extends Pick<GivenSettings, 'home' | 'model' | 'chatTemplate' | 'server'> {
  /** Whether a conversation is to be answered; a text can be continued without a chat template. Default true. */
  isChat?: boolean | undefined;
}

/** Throws `usage`, `not_found`, `unsupported`, `mismatch` as Engram.ask() and complete() would. A model that is not installed is
 * not looked at. */
export async function checkAsking(
  { isChat = true, ...given }: CheckedSettings,
  asking: AskOptions = {},
): Promise<void> {
  const settings = readSettings(defined(given));
  checkAskOptions(asking);
  const { checkOptions, readChatTemplate } = await import('./inference/index.js');
  checkOptions(defined(generationOf(asking)));
  if (settings.chatTemplate !== undefined) readChatTemplate(settings.chatTemplate);
  const model = await resolveModel(settings.home, settings.model).catch(() => undefined);
  const template = settings.chatTemplate ?? model?.entry?.chatTemplate;
  if (isChat && template === undefined && model !== undefined) requireChatTemplate(model.path);
  if (asking.adapter !== undefined && settings.server === undefined)
    await findAdapter(settings.home, asking.adapter, model?.path);
}

/** Throws `memory` if there is too little to chat and memorize with the model, before it is loaded. A model that is not installed or
 * cannot be read is not looked at: who loads it says what is wrong. */
export async function checkRoomToMemorize(given: Pick<GivenSettings, 'home' | 'model' | 'context'>): Promise<void> {
  const { home, model: name, context } = readSettings(defined(given));
  const found = await resolveModel(home, name)
    .then((model) => ({ name: model.name, info: inspectModel(model.path) }))
    .catch(() => undefined);
  if (found === undefined) return;
  requireRoomToMemorize(found.name, memoryNeeds(found.info, defined({ contextSize: context })));
}

/** What is to be said of settings that the model does not take as they are; undefined if it does. Reads its header only. */
export async function remarkOnModel(
  given: Pick<GivenSettings, 'home' | 'model' | 'context'>,
): Promise<string | undefined> {
  const { home, model: name, context } = readSettings(defined(given));
  if (context === undefined) return undefined;
  const model = await resolveModel(home, name).catch(() => undefined);
  if (model === undefined) return undefined;
  const { contextLength } = inspectModel(model.path);
  if (contextLength === 0 || context <= contextLength) return undefined;
  return `${model.name} was made for ${contextLength} tokens of context: it gets these, not ${context}.`;
}
