// Lint rules: strict type-checked TypeScript, and the one direction imports may point (ARCHITECTURE.md, "The house").
import tseslint from 'typescript-eslint';
import { noCircles } from './scripts/lint/no-circles.mjs';

/** From the ground up: a layer may import those before it, and of another domain folder only its index.ts. */
const LAYERS = [
  [
    ...[
      'errors',
      'config',
      'options',
      'files',
      'prebuilt',
      'addon',
      'defined',
      'is-object',
      'stream-of',
      'dot',
      'stem',
      'server-note',
    ],
    ...['database', 'store'],
  ],
  ['models'],
  ['inference', 'embedding', 'training'],
  ['retrieval'],
  ['brain'],
  ['gate'],
  ['learn', 'conversation'],
  ['runtime'],
  ['index'],
  ['gradient', 'chain', 'langchain', 'server'],
  ['client'],
  ['cli'],
];

/** From here on the ways in, which see the public API only. */
const PUBLIC = LAYERS.findIndex((layer) => layer.includes('index'));

/** Packages that one folder may import, so that a change of library stays there; zod checks what comes from outside in two. */
const OWNERS = {
  'node-llama-cpp': 'inference',
  '@huggingface/transformers': 'embedding',
  'onnxruntime-node': 'embedding',
  'hnswlib-node': 'retrieval',
  libsql: 'database',
  pg: 'store',
  aws4fetch: 'store',
  undici: 'models',
  zod: ['options', 'server'],
  unpdf: 'retrieval',
  mammoth: 'retrieval',
  linkedom: 'retrieval',
  chokidar: 'retrieval',
  '@langchain/core': 'langchain',
  '@modelcontextprotocol/server': 'server',
  '@fastify/busboy': 'server',
};

const direction = LAYERS.flatMap((layer, level) =>
  layer.map((room) => {
    const peers = layer.filter((other) => other !== room);
    const above = LAYERS.slice(level + 1).flat();
    // The ways in see the public API only, not the rooms behind it.
    const hidden = level > PUBLIC ? LAYERS.slice(1, PUBLIC).flat() : [];
    const isGround = level === 0;
    const forbidden = [...(isGround ? [] : peers), ...above, ...hidden];
    return {
      files: [`src/${room}/**/*.ts`, `src/${room}.ts`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: `^(\\.\\./)+(${forbidden.join('|')})(/.*)?(\\.js)?$`,
                message: 'Imports point one way: see LAYERS in eslint.config.js.',
              },
              {
                regex: `^(\\.\\./)+(?!${room}/)[a-z]+/(?!index\\.js$).+`,
                message: 'Another folder is imported through its index.ts.',
              },
              ...Object.entries(OWNERS)
                .filter(([, owners]) => ![owners].flat().includes(room))
                .map(([name, owners]) => ({
                  regex: `^${name}(/|$)`,
                  message: `Only src/${[owners].flat().join(' and src/')} imports ${name}.`,
                })),
            ],
          },
        ],
      },
    };
  }),
);

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'build', 'coverage'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-non-null-assertion': 'off', // with noUncheckedIndexedAccess an index known to be in range needs it
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { engram: { rules: { 'no-circles': noCircles } } },
    rules: { 'engram/no-circles': 'error' },
  },
  {
    // What an element calls back returns nothing, and reads better in one line.
    files: ['page/**/*.tsx'],
    rules: { '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }] },
  },
  {
    // A fake is typed by the methods it stands in for, whose `options = {}` the rule does not take for an optional parameter.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-useless-default-assignment': 'off' },
  },
  ...direction,
);
