// LangChain's classic agents for tests. Its own DynamicTool does not fit its own parameter under our stricter
// exactOptionalPropertyTypes; that is set aside here, once.
import { initializeAgentExecutorWithOptions, type AgentExecutor } from '@langchain/classic/agents';
import type { DynamicTool } from '@langchain/core/tools';
import type { EngramLLM } from '../../src/langchain/index.js';

export function zeroShotAgent(tools: readonly DynamicTool[], llm: EngramLLM): Promise<AgentExecutor> {
  return initializeAgentExecutorWithOptions(tools as never[], llm, {
    agentType: 'zero-shot-react-description',
    returnIntermediateSteps: true,
  });
}
