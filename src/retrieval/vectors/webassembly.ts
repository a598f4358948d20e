// What is used of WebAssembly, typed: Node has it, the types of Node do not.

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export type WasmModule = object;

interface Library {
  Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  Module: new (bytes: Uint8Array) => WasmModule;
  Instance: new (module: WasmModule, imports: Record<string, Record<string, WasmMemory>>) => { exports: object };
}

export const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Library };
