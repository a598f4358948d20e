// What is asked of whoever reads files, and what comes back: the same whether it is done here or in a process of its own.
import type { Chunk, ChunkOptions } from '../chunks.js';
import type { DocumentKind, LeftOut, Metadata } from '../readers/index.js';

export interface ReadOptions extends ChunkOptions {
  /** Encoding of a text that does not say its own. */
  encoding?: string | undefined;
  /** Its text instead of its passages. Default false. */
  wantsText?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A document as it was read. */
export interface ReadDocument {
  kind: DocumentKind;
  title: string | undefined;
  metadata: Metadata;
  chunks: Chunk[];
  /** If it was asked for. */
  text?: string;
  /** UTF-16 units of its text. */
  characters: number;
  /** Its encoding is a guess. */
  isGuessed: boolean;
  left: LeftOut[];
}

/** Reads files one after another. */
export interface DocumentReader {
  /** Throws SkipError for a file that cannot be read, `cancelled`, `native` if nothing can be read at all. */
  read: (bytes: Buffer, path: string, options?: ReadOptions) => Promise<ReadDocument>;
  close: () => Promise<void>;
}

/** How much one file may cost. */
export interface ReadLimits {
  /** Of the process that reads. Default 1.5 GB, at most half of what the machine has. */
  memoryBytes?: number | undefined;
  /** Of computing, whatever else the machine does. Default 60, and 20 for each MB of the file. */
  seconds?: number | undefined;
}
