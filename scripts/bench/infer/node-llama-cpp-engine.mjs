// node-llama-cpp as an engine of engine-child.mjs: its fastest loop, `sequence.evaluate`, and its LlamaChatSession. The same
// binaries as engram's. An adapter needs a new context, because that is when node-llama-cpp takes one.

/** @param {{ model: string, threads?: number, contextSize: number }} options without `threads`: its own choice. */
export async function open({ model: modelPath, threads, contextSize }) {
  const { getLlama, LlamaChatSession, LlamaLogLevel } = await import('node-llama-cpp');
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath });
  const contextWith = (adapter) =>
    model.createContext({
      contextSize,
      ...(threads ? { threads } : {}),
      ...(adapter === undefined ? {} : { lora: { adapters: [{ filePath: adapter }] } }),
    });
  let context = await contextWith();
  let sequence = context.getSequence();
  let adapterNow;

  const switchTo = async (adapter) => {
    if (adapter === adapterNow) return;
    await context.dispose();
    context = await contextWith(adapter);
    sequence = context.getSequence();
    adapterNow = adapter;
  };
  const tokensOf = (text) => {
    const tokens = model.tokenize(text);
    return model.tokens.shouldPrependBosToken ? [model.tokens.bos, ...tokens] : tokens;
  };
  const newSession = () => new LlamaChatSession({ contextSequence: sequence, autoDisposeSequence: false });
  return {
    count: (text) => tokensOf(text).length,
    countChat: (text) => {
      const session = newSession();
      const chatHistory = [...session.getChatHistory(), { type: 'user', text }, { type: 'model', response: [] }];
      const { contextText } = session.chatWrapper.generateContextState({ chatHistory });
      session.dispose({ disposeSequence: false });
      return contextText.tokenize(model.tokenizer).length;
    },
    complete: async (text, { maxTokens, adapter, signal }) => {
      await switchTo(adapter);
      await sequence.clearHistory();
      let tokens = 0;
      for await (const _ of sequence.evaluate(tokensOf(text), { temperature: 0 })) {
        tokens++;
        if (tokens >= maxTokens || signal?.aborted) break;
      }
      return tokens;
    },
    chat: async (text, { maxTokens, signal, onText }) => {
      const session = newSession();
      let tokens = 0;
      await session.prompt(text, {
        maxTokens,
        temperature: 0,
        onTextChunk: onText,
        onToken: (some) => (tokens += some.length),
        ...(signal ? { signal, stopOnAbortSignal: true } : {}),
      });
      session.dispose({ disposeSequence: false });
      return tokens;
    },
    close: () => llama.dispose(),
  };
}
