// The words of retrieval: documents, passages, what came of reading and of searching. Not here: how they are stored.
import type { DocumentKind, LeftOut, Metadata, SkipCode } from './readers/index.js';

export interface Skipped {
  path: string;
  code: SkipCode;
  /** A sentence about "it", the file. */
  reason: string;
}

/** How a file was read, and how much of it. */
export interface HowRead {
  /** UTF-16 units of its text. */
  characters: number;
  /** The encoding among its fields is a guess. */
  isGuessed: boolean;
  /** The encoding that a person set. */
  encoding?: string | undefined;
  left: LeftOut[];
}

/** A document as the library holds it. */
export interface StoredDocument {
  id: number;
  /** Absolute. */
  path: string;
  kind: DocumentKind | undefined;
  title: string | undefined;
  bytes: number;
  mtimeMs: number;
  /** Number of its passages. */
  passages: number;
  /** Why there are none. */
  skipped: { code: SkipCode; reason: string } | undefined;
  /** What it says about itself, and its encoding. */
  metadata: Metadata;
  /** Undefined for a document that an older engram read. */
  read: HowRead | undefined;
}

/** A document that was not read whole, or in an encoding that is a guess. */
export interface PartlyRead {
  path: string;
  /** The guess. */
  encoding: string | undefined;
  left: LeftOut[];
}

/** A stretch of a document. */
export interface Passage {
  id: number;
  /** Absolute path of its document. */
  source: string;
  title: string | undefined;
  /** Headings above it, outermost first. */
  headings: string[];
  /** From 1, where the document has pages. */
  page: number | undefined;
  /** Where it is from as a person names it: `Kilns › Firing (manual.pdf, page 3)`. */
  place: string;
  /** [start, end) in the document's text, UTF-16 units. */
  start: number;
  end: number;
  text: string;
  metadata: Metadata;
}

export interface FoundPassage extends Passage {
  /** By which it was ranked; comparable within one search only. */
  score: number;
  /** Closeness of meaning, from -1 to 1; undefined if it was found by its words alone. */
  cosine: number | undefined;
  /** How much it is about the question, from about 0 to 1, on the same scale in every search that compares meanings. */
  relevance: number | undefined;
}

/** A passage that answered so many different questions. */
export interface UsedPassage {
  passage: Passage;
  questions: number;
}

export interface IngestReport {
  added: string[];
  changed: string[];
  removed: string[];
  /** Number of documents that are as they were. */
  unchanged: number;
  skipped: Skipped[];
  /** Of the files that were added or changed. */
  partly: PartlyRead[];
  /** What the library holds now. */
  documents: number;
  passages: number;
  /** Passages that were embedded now; the others were known. */
  embedded: number;
  seconds: number;
}

export type IngestProgress =
  | { phase: 'walk'; files: number }
  | { phase: 'read'; done: number; of: number; path: string }
  | { phase: 'embed'; done: number; of: number };
