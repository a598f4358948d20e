// Reads the prompt of a ReAct agent (Yao et al., 2022): which tools it lists, what is asked, what was done so far. Any prompt
// with LangChain's format instructions is one, whatever stands around them. Not here: writing the next step (react.ts).

/** As the prompt lists it. */
export interface ReactTool {
  name: string;
  /** What the prompt says of its input; of the tool, where it says nothing of that. */
  use: string;
}

export interface ReactPrompt {
  tools: readonly ReactTool[];
  question: string;
  /** What was done since, oldest first. */
  steps: readonly { tool: string; input: string; observation: string }[];
  /** What was thought before each of them, and what the format says in place of an answer: neither answers anything. */
  empty: readonly string[];
}

/** A sentence about the input. */
const ABOUT_INPUT = /[^.!?]*\binput\b[^.!?]*[.!?]?/gi;
/** A step as LangChain writes it back into the prompt, and the thought before it. */
const STEP = /Action: *([^\n]*)\nAction Input: *([^\n]*)\nObservation: *([^]*?)(?=\nThought:|$)/g;
const THOUGHT = /^Thought: *([^\s][^\n]*)/gm;

/** Undefined if it is another prompt. */
export function readReactPrompt(prompt: string): ReactPrompt | undefined {
  const listed = /^Action:[^\n]*\[([^\]\n]+)\]/m.exec(prompt);
  const format = /^Final Answer:([^\n]*)\n/m.exec(prompt);
  if (listed === null || format === null || !/^Action Input:/m.test(prompt)) return undefined;
  const names = listed[1]!.split(',').map((name) => name.trim().replace(/^(["'`])(.*)\1$/u, '$2'));
  const rest = prompt.slice(format.index + format[0].length);
  const asked = /^(?:Question|New input|Input|Human|User): ?([^]*?)(?=\nThought:|(?![^]))/m.exec(rest);
  if (asked === null || names.some((name) => name === '')) return undefined;
  const done = rest.slice(asked.index + asked[0].length);
  return {
    tools: names.map((name) => toolOf(name, descriptionOf(name, prompt.slice(0, listed.index)))),
    question: asked[1]!.trim(),
    steps: Array.from(done.matchAll(STEP), ([, tool = '', input = '', observation = '']) => ({
      tool: tool.trim(),
      input: input.trim(),
      observation: observation.trim(),
    })),
    empty: [format[1]!.trim(), ...Array.from(done.matchAll(THOUGHT), ([, thought = '']) => thought.trim())],
  };
}

function toolOf(name: string, description: string): ReactTool {
  const about = description.match(ABOUT_INPUT)?.map((sentence) => sentence.trim()) ?? [];
  const use = about.length === 0 ? description : about.join(' ');
  return { name, use };
}

/** What stands behind the name in the line `name: description`, which may have its arguments after the name. */
function descriptionOf(name: string, text: string): string {
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue;
    const [, description] = /^\s*(?:\(.*?\))?\s*[:-]\s*(.*)$/.exec(line.slice(name.length)) ?? [];
    if (description !== undefined) return description;
  }
  return '';
}
