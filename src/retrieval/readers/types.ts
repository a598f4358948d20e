// What a reader makes of a file: its text, and where in it headings, paragraphs and pages are. Not here: the readers, and how
// passages are cut from it (chunks.ts).

/** A stretch of a text, [start, end) in UTF-16 units. Blocks are in order and do not overlap. */
export interface Block {
  kind: 'heading' | 'text' | 'code' | 'record';
  start: number;
  end: number;
  /** Of a heading, from 1. */
  level?: number;
  /** It begins something that shares neither passages nor headings with what is before it: an attachment, a sheet. */
  isApart?: boolean;
  /** Fields that passages can be filtered by: of a record, or of a part that has an author or a time of its own. */
  metadata?: Metadata;
  /** Of a row of a table: the names of its columns, which its passage is called by. */
  columns?: string;
  /** Of a long record: where its fields stand, in order. */
  places?: FieldPlace[];
}

export type Metadata = Record<string, string | number | boolean>;

export interface Content {
  kind: DocumentKind;
  /** What the document calls itself, if it does. */
  title?: string;
  /** All of it as text; offsets refer to this. Of a text file it is the decoded file. */
  text: string;
  blocks: Block[];
  /** Where pages begin, for formats that have them. */
  pages?: number[];
  /** What the file says about itself: encoding, author … */
  metadata?: Metadata;
  /** The encoding in the metadata is a guess. */
  isGuessed?: true;
  /** What of the file is not in the text. */
  left?: LeftOut[];
}

/** A part of a file that no passage has: `2 of 14 pages`, because `they are pictures, and there is no OCR`. */
export interface LeftOut {
  what: string;
  why: string;
}

export type DocumentKind =
  | 'text'
  | 'markdown'
  | 'html'
  | 'pdf'
  | 'docx'
  | 'odt'
  | 'pptx'
  | 'xlsx'
  | 'epub'
  | 'csv'
  | 'json'
  | 'notebook'
  | 'email'
  | 'subtitles'
  | 'cards'
  | 'chat'
  | 'rtf'
  | 'org'
  | 'tex'
  | 'code';

/** What a reader is told beside the file. */
export interface Reading {
  /** Files that it is inside of. */
  depth: number;
  /** Encoding of its text where it does not say itself, as a person set it; else it is found. */
  encoding?: string | undefined;
}

/** Makes content of a file's bytes. Throws SkipError for one that cannot be read. */
export type Reader = (bytes: Buffer, path: string, reading: Reading) => Content | Promise<Content>;

/** Why a file gives no passages: the file's fault, not a failure of ours. */
export type SkipCode =
  | 'empty' // nothing in it
  | 'binary' // no text
  | 'too_large'
  | 'protected' // by a password
  | 'corrupt' // not what its name says
  | 'unsupported' // no reader for it
  | 'unreadable' // no permission, or it is gone
  | 'changing' // while it was read, every time
  | 'too_slow' // its reader took too long
  | 'too_much_memory' // its reader did
  | 'crashed'; // its reader did

export class SkipError extends Error {
  override readonly name = 'SkipError';

  constructor(
    readonly code: SkipCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Where a field stands in the text of a document. */
export interface FieldPlace {
  name: string;
  start: number;
}
