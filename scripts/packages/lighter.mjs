// Dependencies that are published again without what engram never runs, under an alias (`npm:@engram/…`), so that they keep their
// names and versions for whoever imports them. What each saves is in docs/packages.md. Not here: copying (stage.mjs).
import { TARGETS } from './targets.mjs';

const llamaBinaries = Object.values(TARGETS).flatMap(({ llama }) =>
  llama === undefined ? [] : `@node-llama-cpp/${llama}`,
);

/** Package of onnxruntime's files for one platform. */
export const onnxruntimeOf = (platform) => `@engram/onnxruntime-${platform}`;

const withOnnxruntime = Object.entries(TARGETS).filter(([, { onnxruntime }]) => onnxruntime !== undefined);

const without = (object, unwanted) => Object.fromEntries(Object.entries(object).filter(([name]) => !unwanted(name)));

/** By the name of the dependency: `package`: the new name; `leaves(path)`: files left out; `edit(manifest)`: changes of its
 * package.json; `patch`: by path, what is replaced in a file by what. */
export const LIGHTER = {
  // Binaries with GPU parts and llama.cpp's source. @node-llama-cpp/linux-x64-cuda and the like are found where a person installs them.
  'node-llama-cpp': {
    package: '@engram/node-llama-cpp',
    leaves: (path) => path === 'llama/gitRelease.bundle' || path.startsWith('bins/') || path.startsWith('templates/'),
    edit(manifest) {
      manifest.optionalDependencies = without(manifest.optionalDependencies, (name) => !llamaBinaries.includes(name));
    },
  },
  // onnxruntime-web is for browsers; Node's build has in it what it needs.
  '@huggingface/transformers': {
    package: '@engram/transformers',
    leaves: (path) =>
      path.startsWith('src/') || /^dist\/(ort-wasm|transformers(\.min)?\.js|transformers\.web|.*\.min\.)/.test(path),
    edit(manifest) {
      manifest.dependencies = without(manifest.dependencies, (name) => name === 'onnxruntime-web');
      manifest.dependencies['onnxruntime-node'] = aliasOf(
        'onnxruntime-node',
        manifest.dependencies['onnxruntime-node'],
      );
    },
  },
  // Five platforms in one package; here each is one. What its install script needs goes with the script.
  'onnxruntime-node': {
    package: '@engram/onnxruntime-node',
    leaves: (path) => path.startsWith('bin/') || path.startsWith('script/') || path.startsWith('lib/'),
    edit(manifest) {
      const needs = (name) => name === 'adm-zip' || name === 'global-agent';
      manifest.dependencies = without(manifest.dependencies, needs);
      manifest.optionalDependencies = Object.fromEntries(
        withOnnxruntime.map(([platform]) => [onnxruntimeOf(platform), manifest.version]),
      );
    },
    patch: {
      'dist/binding.js': [
        '`../bin/napi-v6/${process.platform}/${process.arch}/onnxruntime_binding.node`',
        '`@engram/onnxruntime-${process.platform}-${process.arch}/onnxruntime_binding.node`',
      ],
    },
  },
};

/** What a package.json says to get it. */
export const aliasOf = (name, version) => `npm:${LIGHTER[name].package}@${version}`;
