// The format of ReAct agents (Yao et al., 2022), as LangChain's zero-shot agents ask for it in their prompt.
import type { Answer, AskOptions, Engram } from '../index.js';

export function isReact(_prompt: string, _stop: readonly string[]): boolean {
  return false;
}
export function writeReact(engram: Engram, prompt: string, settings: AskOptions): Promise<Answer> {
  return engram.chat([{ role: 'user', content: prompt }], settings);
}
