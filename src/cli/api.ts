// What the command line uses of the public API, so that its tests can stand a fake in its place. Not here: the API itself,
// which is imported only when a command needs it.
import type * as index from '../index.js';

type Index = typeof index;

/** A brain open over its model. */
export type Engine = Pick<
  index.Engram,
  | 'ask'
  | 'chat'
  | 'complete'
  | 'explain'
  | 'tokens'
  | 'memorize'
  | 'memorizeAll'
  | 'memories'
  | 'forget'
  | 'proveForgotten'
  | 'undo'
  | 'rebuild'
  | 'sleep'
  | 'work'
  | 'train'
  | 'classify'
  | 'evaluate'
  | 'saveState'
  | 'restoreState'
  | 'close'
> &
  Partial<Pick<index.Engram, 'remark'>>;

export interface Api extends Pick<
  Index,
  | 'memoriesOf'
  | 'memoriesOfFile'
  | 'listModels'
  | 'exportBrain'
  | 'importBrain'
  | 'modelIdentity'
  | 'openJobs'
  | 'pullModel'
  | 'showModel'
  | 'removeModel'
  | 'listBrains'
  | 'listSharedBrains'
  | 'remarkOnBrain'
  | 'removeBrain'
  | 'doctor'
  | 'plotRun'
  | 'checkTrainRequest'
  | 'checkAsking'
  | 'checkRoomToMemorize'
  | 'remarkOnModel'
> {
  /** The documents of a brain, without its model. */
  openRetrieval: (options: index.OpenRetrievalOptions) => {
    retrieval: Pick<
      index.Retrieval,
      'ingest' | 'watch' | 'search' | 'documents' | 'documentsNamed' | 'passagesOf' | 'remove'
    >;
    recall: index.OpenedRetrieval['recall'];
    close: () => Promise<void>;
  };
  /** A brain without its model, to look into and forget. */
  openBrain: (options: {
    home: string;
    name: string;
    store?: string | undefined;
  }) => Promise<
    Pick<
      index.Brain,
      | 'name'
      | 'model'
      | 'folder'
      | 'memories'
      | 'get'
      | 'find'
      | 'history'
      | 'check'
      | 'forgetAll'
      | 'snapshot'
      | 'fetchAdapters'
      | 'remark'
      | 'close'
    >
  >;
  Engram: {
    open: (options: index.OpenOptions) => Promise<Engine>;
    /** Without a brain. */
    openModel: (options: index.OpenOptions) => Promise<Engine>;
    moveBrain: (options: index.MoveBrainOptions) => Promise<index.MoveReport>;
  };
  openEmbedder: (options: index.OpenEmbedderOptions) => Promise<index.Embedder>;
  ChatStore: new (
    home: string,
    brain: string,
  ) => Pick<index.ChatStore, 'list' | 'begin' | 'resume' | 'remove' | 'trimStates'>;
  STATE_LIMIT: Index['STATE_LIMIT'];
  RunControl: Index['RunControl'];
  RunStore: new (home: string) => Pick<index.RunStore, 'list' | 'find' | 'remove'>;
  AdapterStore: new (
    home: string,
  ) => Pick<index.AdapterStore, 'list' | 'import' | 'export' | 'remove' | 'merge' | 'shrink' | 'fuse'>;
}
