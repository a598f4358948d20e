// engram as an engine of engine-child.mjs: through its Generator.

/** @param {{ model: string, threads?: number, contextSize: number }} options without `threads`: its own choice. */
export async function open({ model, threads, contextSize }) {
  const { loadGenerator } = await import('../../../dist/inference/index.js');
  const { openOwnWeights } = await import('../../../dist/training/index.js');
  const ownWeights = (signal) => openOwnWeights(model, { threads, signal }); // as class Engram does
  const generator = await loadGenerator(model, {
    gpu: false,
    contextSize,
    ...(threads ? { threads } : {}),
    ownWeights,
  });
  const opening = generator.special.beginOfText === null ? 0 : 1;
  return {
    count: (text) => generator.encode(text).length + opening,
    countChat: (text) => generator.encodeChat([{ role: 'user', content: text }]).length,
    complete: async (text, { maxTokens, adapter, signal }) => {
      const adapters = adapter === undefined ? [] : [{ path: adapter }];
      return (await generator.complete(text, { maxTokens, adapters, ...(signal ? { signal } : {}) })).tokens;
    },
    chat: async (text, { maxTokens, signal, onText }) => {
      const options = { maxTokens, onText, ...(signal ? { signal } : {}) };
      return (await generator.chat([{ role: 'user', content: text }], options)).tokens;
    },
    close: () => generator.close(),
  };
}
