// What an addon for Windows is linked with in place of node.lib: each function of Node-API is a jump to where the running
// program has it. An import library would bind to a program named node.exe, which Electron and renamed ones are not.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** As NAPI_VERSION in native/Makefile. */
const VERSION = 8;

/** Writes the source into `folder` and returns its path, in a list. */
export function windowsParts(folder) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'node_api.cpp');
  writeFileSync(path, forwarders(namesOf(VERSION)));
  return [path];
}

/** The functions that Node-API has had since a version or longer. */
export function namesOf(version) {
  const symbols = createRequire(import.meta.url)('node-api-headers/symbols.js');
  const names = Object.entries(symbols)
    .filter(([key]) => /^v\d+$/.test(key) && Number(key.slice(1)) <= version)
    .flatMap(([, { js_native_api_symbols: js, node_api_symbols: node }]) => [...js, ...node]);
  return [...new Set(names)].sort();
}

/** C++ for x86-64. A program without one of the functions is an old Node: calling it ends the process, as an import would. */
export function forwarders(names) {
  return `// Made by scripts/packages/windows.mjs.
#include <windows.h>

extern "C" {
${names.map((name) => `FARPROC engram_at_${name};`).join('\n')}
}

${names.map((name) => `__asm__(".globl ${name}\\n${name}:\\n  jmpq *engram_at_${name}(%rip)\\n");`).join('\n')}

namespace {
struct Binder {
  Binder() {
    HMODULE host = GetModuleHandleW(nullptr);
    if (GetProcAddress(host, "napi_create_object") == nullptr) {
      if (HMODULE library = GetModuleHandleW(L"libnode.dll")) host = library;
    }
${names.map((name) => `    engram_at_${name} = GetProcAddress(host, "${name}");`).join('\n')}
  }
} binder __attribute__((init_priority(101)));
}  // namespace
`;
}
