// The whole help as one document, docs/cli.md: what each command prints with --help, the global options once. Not here: the help
// itself (program.ts).
import { COMMANDS, parse } from './program.js';

/** What no single command says. */
const MANNERS = `- **Where things are kept.** All is in one folder: \`--home\`, or \`ENGRAM_HOME\`. The default is \`~/.local/share/engram\` on Linux, \`~/Library/Application Support/engram\` on macOS and \`%LOCALAPPDATA%\\engram\` on Windows.
- **A brain** is a named set of memories, bound to one model. \`--brain work\` keeps work apart. Two processes may use a brain at once; one at a time may change it.
- **Output.** People read stderr. With \`--json\` stdout carries one JSON value and nothing else. A failure is \`{"error": {"code", "message"}}\`, with \`hint\` and \`details\` where there are any.
- **Exit codes.** 0; 1 for a failure; 2 for a mistake in the command line; 130 when cancelled.
- **From the checkout** it is \`npm run -s engram -- …\`, and from any folder \`npm --prefix CHECKOUT run -s engram -- …\`.`;

/** Columns of the help in it. */
const COLUMNS = 100;

export function reference(): string {
  const global = sectionsOf(help([])).find((section) => section.startsWith('Options:')) ?? '';
  const names = COMMANDS.map(({ usage, summary }) => {
    const name = usage.split(' ')[0]!;
    return `- [${name}](#engram-${name}): ${summary}`;
  });
  const parts = COMMANDS.flatMap((spec) => {
    const name = spec.usage.split(' ')[0]!;
    if (!('commands' in spec)) return [commandPart([name])];
    return [
      `## engram ${name}\n\n${capital(spec.summary)}.`,
      ...spec.commands.map(({ usage }) => commandPart([name, usage.split(' ')[0]!], '###')),
    ];
  });
  return (
    [
      '# The command line',
      'This page is made from the help of the commands: `npm run docs:cli`.',
      names.join('\n'),
      'Every command takes these options, and each has a variable of the environment.',
      block(global),
      MANNERS,
      ...parts,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

function commandPart(words: readonly string[], heading = '##'): string {
  const [usage = '', ...sections] = sectionsOf(help(words)).filter((section) => !section.startsWith('Global Options:'));
  return `${heading} engram ${words.join(' ')}\n\n${block([usage, ...sections].join('\n\n'))}`;
}

function help(words: readonly string[]): string {
  let parsed = parse([...words, '--help'], '', COLUMNS);
  // What passes everything on prints its own.
  if (parsed.kind === 'command') parsed = parse(['help', ...words], '', COLUMNS);
  return parsed.kind === 'text' ? parsed.text : '';
}

const sectionsOf = (text: string): string[] => text.trim().split(/\n\n+/);

const block = (text: string): string => `\`\`\`text\n${text.replace(/^Usage: /, '')}\n\`\`\``;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
