// Scenario: LangChain's createAgent over a chat model, with a tool of ours and middleware. What the agent is told it remembers in
// weights; a later question is answered by the model alone. Run it with `node examples/create-agent.mjs` after `npm start` or
// `npm run build`; needs langchain and @langchain/core.
import { createAgent, createMiddleware, modelCallLimitMiddleware } from 'langchain';
import { Engram } from 'engram';
import { ChatEngram, memorizeTool } from 'engram/langchain';

const engram = await Engram.open({ brain: 'example-agent' });

// A small model calls whatever it is shown, and never stops by itself: the first turn has to call the tool, the second to answer.
const inTurn = createMiddleware({
  name: 'inTurn',
  wrapModelCall: (request, handler) => {
    const isDone = request.messages.at(-1)?.type === 'tool';
    return handler(isDone ? { ...request, tools: [] } : { ...request, toolChoice: 'required' });
  },
});

const agent = createAgent({
  model: new ChatEngram({ engram, maxTokens: 96 }),
  tools: [memorizeTool({ engram })],
  systemPrompt: 'Pass what you are told on to the tool, word for word.',
  middleware: [inTurn, modelCallLimitMiddleware({ runLimit: 4, exitBehavior: 'end' })],
});

const { messages } = await agent.invoke({
  messages: [{ role: 'user', content: 'Remember: The Blue Heron Inn opens at nine.' }],
});
for (const message of messages) {
  const calls = 'tool_calls' in message ? JSON.stringify(message.tool_calls) : '';
  console.log(`${message.type}: ${message.text} ${calls}`);
}

console.log('later:', (await new ChatEngram({ engram }).invoke('When does the Blue Heron Inn open?')).text);
await engram.close();
