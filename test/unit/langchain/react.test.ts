// ReAct agents over a fake model: LangChain's own classic agents run to their end, and what is offered for quoting. Not here: a
// real model (test/model/langchain.test.ts).
import { AgentExecutor, createReactAgent } from '@langchain/classic/agents';
import { PromptTemplate } from '@langchain/core/prompts';
import { DynamicTool } from '@langchain/core/tools';
import { describe, expect, it } from 'vitest';
import { ChatEngram, EngramLLM, memorizeTool, ReActLLM } from '../../../src/langchain/index.js';
import { quoteGrammar, type QuoteStarts } from '../../../src/langchain/quotes.js';
import { readReactPrompt } from '../../../src/langchain/react-prompt.js';
import { zeroShotAgent } from '../../support/langchain.js';
import { FakeEngram, type FakeAsked, type FakeReply } from '../../fakes/engram.js';

const FACT = 'The lighthouse of Nordhavn was painted green by the twins Pelle and Siri in 2019.';
const REQUEST = `Please remember the fact in detail:\n${FACT}`;

/** Plays a model that is held to grammars: acts first, then answers; writes freely what `free` says, and quotes the fact. */
function model(free: string, { quote = FACT }: { quote?: string } = {}): (asked: FakeAsked) => FakeReply {
  return ({ input, options: { grammar = '' } }) => {
    const logprobs = [{ token: 1, text: '', logprob: -1, likeliest: [] }];
    if (/"(?:Final Answer:|Action: )"/.test(grammar)) {
      const isDone =
        typeof input === 'string' && input.includes('\nObservation: ') && /Observation: (?!the result)/.test(input);
      const [, tool] = /"Action: " \("(.*?)"/.exec(grammar) ?? [];
      return ` I should see.\n${isDone || tool === undefined ? 'Final Answer:' : `Action: ${tool}\n`}`;
    }
    if (grammar.startsWith('root ::= q-')) return { answer: `${quote}\n`, logprobs };
    if (grammar.includes('[^\\n]+')) return { answer: `${free}\n`, logprobs };
    return ' It is done.';
  };
}

const HUB =
  PromptTemplate.fromTemplate(`Answer the following questions as best you can. You have access to the following tools:

{tools}

Use the following format:

Question: the input question you must answer
Thought: you should always think about what to do
Action: the action to take, should be one of [{tool_names}]
Action Input: the input to the action
Observation: the result of the action
... (this Thought/Action/Action Input/Observation can repeat N times)
Thought: I now know the final answer
Final Answer: the final answer to the original input question

Begin!

Question: {input}
Thought:{agent_scratchpad}`);

describe('a zero-shot ReAct agent with the tool memorize', () => {
  it('passes the whole fact on, reads the reply, answers and ends', async () => {
    const fake = new FakeEngram(model('The lighthouse of N'));
    const agent = await zeroShotAgent([memorizeTool(fake)], new ReActLLM(fake.fields));
    const { output, intermediateSteps } = await agent.invoke({ input: REQUEST });
    expect(fake.memorized).toEqual([FACT]);
    expect(intermediateSteps).toMatchObject([
      { action: { tool: 'memorize', toolInput: FACT }, observation: 'Train complete. Loss: 0.125' },
    ]);
    expect(output).toBe('It is done.');
  });

  it('works the same through createReactAgent and streaming', async () => {
    const fake = new FakeEngram(model('The lighthouse of N'));
    const tools = [memorizeTool(fake)] as never[];
    const agent = await createReactAgent({ llm: new ReActLLM(fake.fields), tools, prompt: HUB });
    const executor = new AgentExecutor({ agent, tools });
    expect(await executor.invoke({ input: REQUEST })).toMatchObject({ output: 'It is done.' });
    expect(fake.memorized).toEqual([FACT]);
  });

  it('is its own class: others leave the prompt alone', async () => {
    const prompt = await HUB.format({ tools: 'note: N.', tool_names: 'note', input: 'Hi?', agent_scratchpad: '' });
    const stop = ['\nObservation:'];
    for (const llm of [new EngramLLM(new FakeEngram().fields), new ChatEngram(new FakeEngram().fields)]) {
      const said = await llm.invoke(prompt, { stop });
      expect(typeof said === 'string' ? said : said.text).toBe('An answer.');
    }
    expect(await new ReActLLM(new FakeEngram().fields).invoke('Just a question?')).toBe('An answer.');
  });

  it('answers a question about what was learned from the memory, asked alone', async () => {
    const memories = [{ id: 'm-1', text: FACT, score: 0.9 }];
    const fake = new FakeEngram((asked) => {
      const reply = typeof asked.input === 'string' ? model('')(asked) : FACT;
      return { ...(typeof reply === 'string' ? { answer: reply } : reply), memories };
    });
    const agent = await zeroShotAgent([memorizeTool(fake)], new ReActLLM(fake.fields));
    const question = 'Who painted the lighthouse of Nordhavn?';
    expect(await agent.invoke({ input: question })).toMatchObject({ output: FACT });
    expect(fake.memorized).toEqual([]);
    expect(fake.asked.at(-1)!.input).toEqual([{ role: 'user', content: question }]);
  });

  it('remembers what it is told, though a memory is about the same', async () => {
    const memories = [{ id: 'm-1', text: FACT, score: 0.9 }];
    const fake = new FakeEngram((asked) => {
      const reply = model('')(asked);
      return { ...(typeof reply === 'string' ? { answer: reply } : reply), memories };
    });
    const agent = await zeroShotAgent([memorizeTool(fake)], new ReActLLM(fake.fields));
    await agent.invoke({ input: `${FACT} Can you remember that?` });
    expect(fake.memorized).toEqual([FACT]);
  });

  it('ends when its model would call the same tool with the same input for ever', async () => {
    const fake = new FakeEngram((asked) => {
      const { grammar = '' } = asked.options;
      return grammar.includes('"Final Answer:"') ? ' Again.\nAction: toss\n' : model('heads')(asked);
    });
    const toss = new DynamicTool({
      name: 'toss',
      description: 'Tosses a coin.',
      func: (side) => Promise.resolve(side),
    });
    const agent = await zeroShotAgent([toss], new ReActLLM(fake.fields));
    const { output, intermediateSteps } = await agent.invoke({ input: 'Heads or tails?' });
    expect(output).toBe('It is done.');
    expect(intermediateSteps).toHaveLength(1);
  });

  it('is not called where nobody speaks of it, or when it has just replied', async () => {
    const fake = new FakeEngram(({ options: { grammar = '' } }) =>
      grammar.includes('"Action: "') ? ' Why not.\nAction: memorize\n' : ' No.\nFinal Answer:',
    );
    const agent = await zeroShotAgent([memorizeTool(fake)], new ReActLLM(fake.fields));
    for (const input of [
      'What is the capital of France?',
      'Do you remember who painted it?',
      'I am tired. Who are you?',
    ])
      expect(await agent.invoke({ input })).toMatchObject({ intermediateSteps: [] });
    expect(await agent.invoke({ input: REQUEST })).toMatchObject({ intermediateSteps: [{}] });
    expect(fake.memorized).toEqual([FACT]);
  });

  it('may call tools ten times, then has to answer', async () => {
    let calls = 0;
    const fake = new FakeEngram(({ options: { grammar = '' } }) => {
      if (grammar.includes('"Action: "')) return ' Once more.\nAction: count\n';
      if (grammar.includes('"Final Answer:"')) return ' Enough.\nFinal Answer:';
      return grammar.includes('[^\\n]+') ? `${++calls}\n` : ' I have counted.';
    });
    const count = new DynamicTool({ name: 'count', description: 'Counts.', func: (n) => Promise.resolve(n) });
    const agent = await zeroShotAgent([count], new ReActLLM(fake.fields));
    expect(await agent.invoke({ input: 'Count.' })).toMatchObject({ output: 'I have counted.' });
    expect(calls).toBe(10);
  });
});

describe('the final answer', () => {
  const REPLY = 'Rain in Lindau until 17:00.';
  const weather = new DynamicTool({
    name: 'weather',
    description: 'The weather of a city. The input is its name.',
    func: () => Promise.resolve(REPLY),
  });
  /** What the agent answers where its model writes `free`, with `logprob` a token, and quotes with -1. */
  const answered = async (free: string, logprob: number): Promise<string> => {
    const fake = new FakeEngram((asked) => {
      const { input, options } = asked;
      const isLast = typeof input === 'string' && /Final Answer: ?$/.test(input);
      if (!isLast) return model('Lindau')(asked);
      const isQuote = options.grammar!.startsWith('root ::= q-');
      return {
        answer: isQuote ? `${REPLY}\n` : free,
        logprobs: [{ token: 1, text: '', logprob: isQuote ? -1 : logprob, likeliest: [] }],
      };
    });
    const agent = await zeroShotAgent([weather], new ReActLLM(fake.fields));
    const { output } = await agent.invoke({ input: 'What is the weather in Lindau?' });
    return output as string;
  };

  it('is as the model writes it where it rests on what the tool replied', async () => {
    expect(await answered(' There is rain in Lindau.', -3)).toBe('There is rain in Lindau.');
  });

  it('is a quotation of the reply where it says nothing, something else, or another number', async () => {
    expect(await answered(' no', -0.1)).toBe(REPLY);
    expect(await answered(' The sun shines on Monday.', -2)).toBe(REPLY);
    expect(await answered(' Rain in Lindau until 19:00.', -2)).toBe(REPLY);
  });

  it('is never the last thought or what the format says of it, however likely', async () => {
    expect(await answered(' I should see.', -0.1)).toBe(REPLY);
    expect(await answered(' the final answer to the original question', -0.1)).toBe(REPLY);
  });

  it('is the model’s own where that is likelier than quoting', async () => {
    expect(await answered(' Take an umbrella with you.', -0.5)).toBe('Take an umbrella with you.');
  });
});

describe('the input of a tool', () => {
  const weather = new DynamicTool({
    name: 'weather',
    description: 'The weather of a city. The input is its name.',
    func: (city) => Promise.resolve(`Rain in ${city}.`),
  });
  const note = new DynamicTool({
    name: 'note',
    description: 'Keeps a text. The input is the text.',
    func: () => Promise.resolve('Kept.'),
  });
  const run = async (tool: DynamicTool, free: string, input: string, quote?: string): Promise<string> => {
    const fake = new FakeEngram(model(free, quote === undefined ? {} : { quote }));
    const agent = await zeroShotAgent([tool], new ReActLLM({ engram: fake.engram, textTools: ['note'] }));
    const { intermediateSteps } = (await agent.invoke({ input })) as {
      intermediateSteps: { action: { toolInput: string } }[];
    };
    return intermediateSteps[0]!.action.toolInput;
  };

  it('is what the model writes where the tool takes no text', async () => {
    expect(await run(weather, 'Lindau', 'What is the weather in Lindau?')).toBe('Lindau');
  });

  it('is what the request has for it where it takes a text', async () => {
    expect(await run(note, 'the lighthouse painted green', REQUEST)).toBe(FACT);
    expect(await run(note, '1', `${FACT} Can you remember that?`)).toBe(FACT);
  });

  it('is a whole passage of what another tool found, where the model begins to quote', async () => {
    const look = new DynamicTool({
      name: 'look',
      description: 'Looks it up. The input is a name.',
      func: () => Promise.resolve(FACT),
    });
    const fake = new FakeEngram((asked) => {
      const { grammar = '' } = asked.options;
      const next = typeof asked.input === 'string' && asked.input.includes(`Observation: ${FACT}`) ? 'note' : 'look';
      if (grammar.includes('"Action: "')) return ` Go on.\nAction: ${next}\n`;
      return model('the lighthouse painted green')(asked);
    });
    const agent = await zeroShotAgent([look, note], new ReActLLM({ engram: fake.engram, textTools: ['note'] }));
    const { intermediateSteps } = await agent.invoke({ input: 'Look for the lighthouse and note what you find' });
    expect(intermediateSteps).toMatchObject([
      { action: { tool: 'look' } },
      { action: { tool: 'note', toolInput: FACT } },
    ]);
  });

  it('is what the model writes itself where that is likelier to it than quoting', async () => {
    const poem = 'Drops drum softly upon every roof';
    const fake = new FakeEngram((asked) => {
      const reply = model(poem)(asked);
      const logprob = (asked.options.grammar ?? '').startsWith('root ::= q-') ? -3 : -1;
      return typeof reply === 'string'
        ? reply
        : { ...reply, logprobs: [{ token: 1, text: '', logprob, likeliest: [] }] };
    });
    const agent = await zeroShotAgent([note], new ReActLLM({ engram: fake.engram, textTools: ['note'] }));
    const result = await agent.invoke({ input: 'Write a haiku and keep it as a note.' });
    expect(result['intermediateSteps']).toMatchObject([{ action: { toolInput: poem } }]);
  });
});

describe('the prompt of a ReAct agent', () => {
  it('is told from others by its format', async () => {
    const prompt = await HUB.format({
      tools: 'note: Keeps a text.',
      tool_names: 'note',
      input: 'Hi?',
      agent_scratchpad: '',
    });
    expect(readReactPrompt(prompt)).toEqual({
      tools: [{ name: 'note', use: 'Keeps a text.' }],
      question: 'Hi?',
      steps: [],
      empty: ['the final answer to the original input question'],
    });
    expect(readReactPrompt('What is an Observation:?')).toBeUndefined();
  });

  it('says what was done', async () => {
    const agent_scratchpad =
      ' So.\nAction: a b\nAction Input: x\nObservation: 1\n2\nThought: Then.\nAction: c\nAction Input: y\nObservation: 3\nThought: ';
    const prompt = await HUB.format({
      tools: 'a b: A.\nc: C. Its input is d.',
      tool_names: 'a b, c',
      input: 'Two\nlines',
      agent_scratchpad,
    });
    expect(readReactPrompt(prompt)).toEqual({
      tools: [
        { name: 'a b', use: 'A.' },
        { name: 'c', use: 'Its input is d.' },
      ],
      question: 'Two\nlines',
      steps: [
        { tool: 'a b', input: 'x', observation: '1\n2' },
        { tool: 'c', input: 'y', observation: '3' },
      ],
      empty: ['the final answer to the original input question', 'So.', 'Then.'],
    });
  });
});

describe('what may be quoted', () => {
  const starts = (text: string, from?: QuoteStarts): string[] => {
    const grammar = quoteGrammar([text], from)!;
    const rules = new Map(grammar.split('\n').map((line) => line.split(' ::= ') as [string, string]));
    return rules
      .get('root')!
      .split(' | ')
      .map((name) => /^"(.*?)"/.exec(rules.get(name)!)![1]!);
  };

  it('begins where a sentence does or after what introduces it', () => {
    expect(starts(REQUEST)).toEqual([FACT]);
    expect(starts('Remember that my code is 4711.')).toEqual(['Remember that my code is 4711.']);
    expect(starts('It is vital that you keep this: our cat eats trout.')).toEqual(['our cat eats trout.']);
    expect(starts('Note - Dr. Okafor comes at 10:30.')).toEqual(['Dr. Okafor comes at 10:30.']);
    expect(starts('请记住：我喜欢鲈鱼。谢谢。')).toEqual(['我喜欢鲈鱼。', '谢谢。']);
  });

  it('begins where a line does, if asked for', () => {
    expect(starts('Train complete. Loss: 0.02', 'lines')).toEqual(['Train complete.']);
    expect(starts('One: it rains. It pours.\nTwo - that is all', 'lines')).toEqual([
      'One: it rains.',
      'Two - that is all',
    ]);
  });

  it('is nothing of an empty text', () => {
    expect(quoteGrammar(['', ' \n'])).toBeUndefined();
  });
});
