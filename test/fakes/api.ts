// The API that the command line knows, without a model: answers are scripted, and everything is written down.
import type { Api } from '../../src/cli/api.js';
import { ChatStore } from '../../src/conversation/chats.js';
import { splitFile, splitSource } from '../../src/learn/lessons/index.js';
import { RunControl } from '../../src/training/control.js';
import { FakeEmbedder } from './embedder.js';
import { FakeEngine } from './engine.js';

export class FakeApi implements Api {
  readonly engine = new FakeEngine();
  /** With what an Engram or an embedding model was opened. */
  readonly opened: unknown[] = [];
  doctorProblems: { message: string; hint?: string }[] = [];

  readonly Engram: Api['Engram'] = {
    open: (options) => {
      this.opened.push(options);
      options.onProgress?.({ phase: 'model', share: 0.5 });
      this.engine.chats = new ChatStore(options.home!, options.brain);
      return Promise.resolve(this.engine);
    },
  };
  readonly openEmbedder: Api['openEmbedder'] = (options) => {
    this.opened.push(options);
    return Promise.resolve(new FakeEmbedder(4));
  };
  readonly splitFile = splitFile;
  readonly splitSource = splitSource;
  readonly RunControl = RunControl;
  readonly doctor: Api['doctor'] = () => Promise.resolve({ problems: this.doctorProblems, cpu: { avx2: true } });
}
