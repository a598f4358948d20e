// What the command line uses of the public API, so that its tests can stand a fake in its place. Not here: the API itself,
// which is imported only when a command needs it.
import type * as index from '../index.js';

/** What is public of a class. */
type Public<T> = { [K in keyof T]: T[K] };

/** A brain and its model, each opened when it is first needed. */
export interface Engine extends Pick<
  index.Engram,
  'load' | 'check' | 'ask' | 'chat' | 'complete' | 'tokens' | 'saveState' | 'restoreState' | 'close'
> {
  readonly memories: Public<index.Memories>;
  readonly documents: Public<index.Documents>;
  readonly adapters: Omit<Public<index.Adapters>, 'create' | 'fineTune' | 'get' | 'run'>;
  readonly models: Omit<Public<index.Models>, 'trainable'>;
  readonly chats: Pick<index.ChatStore, 'list' | 'begin' | 'resume' | 'remove' | 'trimStates'>;
  readonly brains: Public<index.Brains>;
  readonly jobs: Omit<Public<index.Jobs>, 'get'>;
}

export interface Api extends Pick<typeof index, 'splitFile' | 'splitSource' | 'doctor' | 'RunControl'> {
  Engram: { open: (options: index.OpenOptions) => Promise<Engine> };
  openEmbedder: (options: index.OpenEmbedderOptions) => Promise<index.Embedder>;
}
