// Where compiled files lie: in build/Release, where a checkout and `engram build` put them, or else in the package that npm
// fetched for this platform. Not here: loading them (addon.ts, retrieval/), and making them (scripts/packages).
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);

/** As the packages are named: `linux-x64`, `linux-x64-musl`, `darwin-arm64`, `win32-x64` … */
export function platformName(): string {
  const { platform, arch } = process;
  return `${platform}-${arch}${platform === 'linux' && isMusl() ? '-musl' : ''}`;
}

/** The package with the compiled files for a platform. */
export const packageOf = (platform: string): string => `@engram/${platform}`;

/** The path of `engram.node` or `hnswlib.node`. Undefined if it is neither built nor in the platform's package. */
export function findCompiled(file: string): string | undefined {
  const built = fileURLToPath(new URL(`build/Release/${file}`, ROOT));
  if (existsSync(built)) return built;
  try {
    return createRequire(import.meta.url).resolve(`${packageOf(platformName())}/${file}`);
  } catch {
    return undefined;
  }
}

/** What to do where the addon is missing or does not load. */
export function howToGetAddon(): string {
  const compiler = 'a C++20 compiler (g++ 11, clang 14 or newer)';
  if (existsSync(new URL('binding.gyp', ROOT))) {
    return (
      'Run `npm run build:native`. It needs a C++20 compiler (g++ 11, clang 14, Visual Studio 2022 or newer), make, ' +
      'git and Python 3; after a change of Node or of the machine the addon must be built again.'
    );
  }
  const name = packageOf(platformName());
  if (!offered().includes(name)) {
    return `There is no package for ${platformName()}. Compile it with \`engram build\`, which needs ${compiler} and make.`;
  }
  return (
    `It comes in the package ${name}, which npm leaves out with --omit=optional, and where package-lock.json was made on ` +
    'another platform: delete node_modules and package-lock.json, then run `npm install` again. ' +
    `Or compile it with \`engram build\`, which needs ${compiler} and make.`
  );
}

/** The platform packages of this release; none in a checkout. */
function offered(): string[] {
  const { optionalDependencies } = createRequire(import.meta.url)(fileURLToPath(new URL('package.json', ROOT))) as {
    optionalDependencies?: Record<string, string>;
  };
  return Object.keys(optionalDependencies ?? {});
}

/** Node that was linked with glibc says its version; of the others on Linux, musl's are the ones there are. */
function isMusl(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}
