// How five clients are pointed at this server, to be copied. The key is never written out: whoever looks over a shoulder sees none.

export interface Snippet {
  name: string;
  text: string;
}

/** `origin`: http://127.0.0.1:11435; `model`: what answers. */
export function snippetsFor(origin: string, model: string): Snippet[] {
  return [
    {
      name: 'curl',
      text: [
        `curl ${origin}/v1/chat/completions \\`,
        '  -H "Authorization: Bearer $ENGRAM_KEY" -H "Content-Type: application/json" \\',
        `  -d '${JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] })}'`,
      ].join('\n'),
    },
    {
      name: 'OpenAI, Python',
      text: [
        'import os',
        'from openai import OpenAI',
        '',
        `client = OpenAI(base_url="${origin}/v1", api_key=os.environ["ENGRAM_KEY"])`,
        'answer = client.chat.completions.create(',
        `    model="${model}", messages=[{"role": "user", "content": "Hello"}]`,
        ')',
        'print(answer.choices[0].message.content)',
      ].join('\n'),
    },
    {
      name: 'OpenAI, Node',
      text: [
        "import OpenAI from 'openai';",
        '',
        `const client = new OpenAI({ baseURL: '${origin}/v1', apiKey: process.env.ENGRAM_KEY });`,
        'const answer = await client.chat.completions.create({',
        `  model: '${model}',`,
        "  messages: [{ role: 'user', content: 'Hello' }],",
        '});',
        'console.log(answer.choices[0].message.content);',
      ].join('\n'),
    },
    {
      name: 'Claude Code',
      text: [
        `export ANTHROPIC_BASE_URL=${origin}`,
        'export ANTHROPIC_AUTH_TOKEN=$ENGRAM_KEY',
        `claude --model ${model}`,
      ].join('\n'),
    },
    {
      name: 'MCP',
      text: JSON.stringify({ mcpServers: { engram: { command: 'engram', args: ['mcp'] } } }, undefined, 2),
    },
  ];
}
