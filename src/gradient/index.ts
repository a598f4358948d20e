// The client of the hosted fine-tuning API Gradient, over models on this machine: `engram/gradient`. The names and what they
// return are that API's; workspaces, tokens and the network are not needed.
export { Gradient, type GradientOptions } from './client.js';
export {
  BaseModel,
  ModelAdapter,
  type CompleteParams,
  type Completion,
  type FineTuneParams,
  type FineTuneResult,
  type Sample,
} from './models.js';
