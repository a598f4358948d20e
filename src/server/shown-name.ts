// How a model is called over HTTP. Not here: what the names name (names.ts).

/** A model given as a path goes by the name of its file. */
export function shownName(model: string): string {
  return /[\\/]/.test(model) || model.endsWith('.gguf') ? model.replace(/^.*[\\/]/, '').replace(/\.gguf$/, '') : model;
}
