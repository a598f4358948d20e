// Model chains: adapters and memories one after the other, each step with what the steps before it found: `engram/chain`.
export {
  chain,
  Chain,
  type NamedStep,
  type Step,
  type StepContext,
  type TraceEntry,
  type RunOptions,
} from './chain.js';
export { deduce, type Fact, type Rule } from './facts.js';
export { answer, classify, complete, explain, memorize, recall, type Of } from './steps.js';
