// Tools for agents: memorize, as LangChain has it, forget and recall. Each takes a text, so that ReAct agents and those that
// call tools by JSON can both use it. Not here: what remembering is (Engram).
import { DynamicTool } from '@langchain/core/tools';
import { EngramError, type Recalled } from '../index.js';
import { engramOf, type EngramSource } from './source.js';
import { trainOn } from './train.js';

/** Name, description and reply are those of LangChain's tool `memorize`. */
export function memorizeTool(source: EngramSource = {}): DynamicTool {
  return new DynamicTool({
    name: 'memorize',
    description:
      "Useful whenever you observed novel information from previous conversation history, i.e., another tool's action " +
      'outputs or human comments. The action input should include observed information in detail, then the tool will ' +
      'fine-tune yourself to remember it.',
    func: async (input, _runManager, config) => {
      const { loss, receipts } = await trainOn(await engramOf(source), [input], { signal: config?.signal });
      const { committed, reason } = receipts[0]!;
      if (!committed) return `Nothing was remembered: ${reason ?? 'it did not hold'}`;
      return `Train complete. Loss: ${loss}`;
    },
  });
}

export function forgetTool(source: EngramSource = {}): DynamicTool {
  return new DynamicTool({
    name: 'forget',
    description:
      'Useful when something that was memorized is wrong or must not be kept. The action input should be words of what is ' +
      'to be forgotten, then the tool will take it out of your weights.',
    func: async (input) => {
      try {
        const { text } = await (await engramOf(source)).memories.forget(input);
        return `Forgotten: ${text}`;
      } catch (error) {
        // An agent can do something about these: they are said to it. Anything else ends it.
        if (error instanceof EngramError && ['not_found', 'usage', 'empty'].includes(error.code)) return error.message;
        throw error;
      }
    },
  });
}

export function recallTool(source: EngramSource & { k?: number } = {}): DynamicTool {
  return new DynamicTool({
    name: 'recall',
    description:
      'Useful to look up what was memorized and what stands in the documents that were read. The action input should be a ' +
      'question, then the tool will tell what is known about it.',
    func: async (input, _runManager, config) => {
      const { k = 4 } = source;
      const found = await (await engramOf(source)).memories.recall(input, { k, signal: config?.signal });
      return found.length === 0 ? 'Nothing is known about it.' : found.map(said).join('\n');
    },
  });
}

/** All of them. */
export function memoryTools(source: EngramSource = {}): DynamicTool[] {
  return [memorizeTool(source), forgetTool(source), recallTool(source)];
}

const said = (found: Recalled): string => (found.kind === 'memory' ? found.memory.text : found.passage.text);
