// Four turns in Chinese with each conversation memory, and what it puts into the last prompt: `npm run build`, then
// `node examples/conversation-memories.mjs [buffer|window|summary|vector …]`. Memories without LangChain.
import {
  BufferMemory,
  Conversation,
  Engram,
  EntityMemory,
  SummaryBufferMemory,
  SummaryMemory,
  TokenBufferMemory,
  VectorMemory,
  WindowMemory,
} from 'engram';

const PROMPT = `你是一个友好的助手。以下是你和用户的对话：
{chat_memory}
用户：{question}
助手：`;

const TURNS = ['我最喜欢的食物是清蒸鲈鱼', '你是谁？', '今天天气真好', '我最开始跟你说了什么？'];

const engram = await Engram.open();
const options = { llm: engram, memoryKey: 'chat_memory', humanPrefix: '用户', aiPrefix: '助手' };
const memories = {
  buffer: () => new BufferMemory(options),
  window: () => new WindowMemory({ ...options, k: 2 }),
  'token-buffer': () => new TokenBufferMemory({ ...options, maxTokens: 200 }),
  summary: () => new SummaryMemory(options),
  'summary-buffer': () => new SummaryBufferMemory({ ...options, maxTokens: 200, summaryTokens: 96 }),
  vector: () => new VectorMemory({ ...options, embedder: engram, k: 2 }),
  entity: () => new EntityMemory({ ...options, k: 1 }),
};

const wanted = process.argv.slice(2);
try {
  for (const [name, make] of Object.entries(memories)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const memory = make();
    const conversation = new Conversation({ llm: engram, memory, prompt: PROMPT });
    console.log(`\n## ${name}`);
    for (const question of TURNS) {
      const last = question === TURNS.at(-1);
      if (last) console.log(`(the memory: ${(await memory.load({ question })).chat_memory})`);
      const { answer } = await conversation.say(question, { maxTokens: 48 });
      console.log(`› ${question}\n${answer}`);
    }
  }
} finally {
  await engram.close();
}
