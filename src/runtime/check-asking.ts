// Refuses at once what can be refused before a model is loaded: options of an answer that cannot be, an adapter that is not
// there, a conversation with a model that has no chat template. Not here: what only the loaded model knows.
import { defined } from '../defined.js';
import {
  inspectModel,
  memoryNeeds,
  requireChatTemplate,
  requireRoomToMemorize,
  resolveModel,
} from '../models/index.js';
import type { Settings } from '../options/index.js';
import { findAdapter } from '../training/index.js';
import { checkAskOptions, generationOf } from './answering.js';
import type { AskOptions } from './options.js';

/** Throws `usage`, `not_found`, `unsupported`, `mismatch`. A model that is not installed is not looked at. `isChat`: a text can be
 * continued without a chat template. */
export async function checkAsking(settings: Settings, asking: AskOptions, isChat: boolean): Promise<void> {
  await checkAnswerOptions(asking);
  const { readChatTemplate } = await import('../inference/index.js');
  if (settings.chatTemplate !== undefined) readChatTemplate(settings.chatTemplate);
  const model = await resolveModel(settings.home, settings.model).catch(() => undefined);
  const template = settings.chatTemplate ?? model?.entry?.chatTemplate;
  if (isChat && template === undefined && model !== undefined) requireChatTemplate(model.path);
  // A server has adapters of its own.
  if (asking.adapter !== undefined && settings.server === undefined)
    await findAdapter(settings.home, asking.adapter, model?.path);
}

/** Throws `memory` if there is too little to chat and memorize with the model, before it is loaded. A model that is not installed or
 * cannot be read is not looked at: who loads it says what is wrong. */
export async function checkRoomToMemorize({ home, model: name, contextSize }: Settings): Promise<void> {
  const found = await resolveModel(home, name)
    .then((model) => ({ name: model.name, info: inspectModel(model.path) }))
    .catch(() => undefined);
  if (found === undefined) return;
  requireRoomToMemorize(found.name, memoryNeeds(found.info, defined({ contextSize })));
}

/** What can be told without looking at the model or its adapters. Throws `usage`. */
export async function checkAnswerOptions(asking: AskOptions): Promise<void> {
  checkAskOptions(asking);
  const { checkOptions } = await import('../inference/index.js');
  checkOptions(defined(generationOf(asking)));
}
