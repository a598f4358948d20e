// Which reader a file gets: by its first bytes where they tell, else by the end of its name. Readers and their libraries are
// loaded when the first file of their kind comes.
import { extname } from 'node:path';
import { SkipError, type Content, type DocumentKind, type Reader, type Reading } from './types.js';

export { fieldsOfParts } from './record.js';
export { isKnownEncoding } from './decode.js';
export {
  SkipError,
  type Block,
  type Content,
  type DocumentKind,
  type LeftOut,
  type Metadata,
  type Reading,
  type SkipCode,
} from './types.js';

/** Raised when readers or chunks change what they make of a file: every file is then read again at the next ingest. */
export const READER_VERSION = 4;

/** A conversation (chat) is known by what is in a text or in JSON. */
const READERS: Record<Exclude<DocumentKind, 'chat'>, () => Promise<Reader>> = {
  text: async () => (await import('./text.js')).readText,
  markdown: async () => (await import('./markdown.js')).readMarkdown,
  html: async () => (await import('./html.js')).readHtml,
  pdf: async () => (await import('./pdf.js')).readPdf,
  docx: async () => (await import('./docx.js')).readDocx,
  csv: async () => (await import('./csv.js')).readCsv,
  json: async () => (await import('./json.js')).readJson,
  code: async () => (await import('./code.js')).readCode,
  email: async () => (await import('./email.js')).readEmail,
  odt: async () => (await import('./odt.js')).readOdt,
  pptx: async () => (await import('./pptx.js')).readPptx,
  xlsx: async () => (await import('./xlsx.js')).readXlsx,
  epub: async () => (await import('./epub.js')).readEpub,
  notebook: async () => (await import('./notebook.js')).readNotebook,
  subtitles: async () => (await import('./subtitles.js')).readSubtitles,
  cards: async () => (await import('./cards.js')).readCards,
  rtf: async () => (await import('./rtf.js')).readRtf,
  org: async () => (await import('./org.js')).readOrg,
  tex: async () => (await import('./tex.js')).readTex,
};

const EXTENSIONS: Record<keyof typeof READERS, string> = {
  text: 'txt text log rst adoc',
  markdown: 'md markdown mdx mkd',
  html: 'html htm xhtml',
  pdf: 'pdf',
  docx: 'docx docm dotx',
  csv: 'csv tsv tab',
  json: 'json jsonl ndjson jsonc json5 geojson',
  email: 'eml emlx mbox mbx mht mhtml',
  odt: 'odt ott odp ods ots',
  pptx: 'pptx pptm ppsx potx',
  xlsx: 'xlsx xlsm xltx',
  epub: 'epub',
  notebook: 'ipynb',
  subtitles: 'srt vtt',
  cards: 'vcf vcard ics ical',
  rtf: 'rtf',
  org: 'org',
  tex: 'tex latex ltx',
  code:
    'js mjs cjs jsx ts mts cts tsx py rb php java kt kts scala groovy c h cc cpp cxx hpp hh cs fs go rs swift m mm dart lua pl ' +
    'pm r jl hs elm ml ex exs erl clj lisp el vim sh bash zsh fish ps1 bat sql graphql proto css scss less vue svelte tf ' +
    'cmake mk gradle toml yaml yml ini cfg conf xml',
};

const KINDS = new Map<string, keyof typeof READERS>(
  Object.entries(EXTENSIONS).flatMap(([kind, list]) =>
    list.split(' ').map((extension) => [`.${extension}`, kind as keyof typeof READERS] as const),
  ),
);

/** Formats that are archives and look like any other. */
const ARCHIVES = new Set<DocumentKind>(['docx', 'odt', 'pptx', 'xlsx', 'epub']);

/** First bytes of formats that are no text and have no reader. */
const FOREIGN: readonly (readonly [name: string, magic: string])[] = [
  ['an archive', '504b0304'],
  ['an old Office document', 'd0cf11e0'],
  ['a picture', '89504e47'],
  ['a picture', 'ffd8ff'],
  ['a picture', '47494638'],
  ['a GGUF model', '47475546'],
  ['an archive', '1f8b'],
  ['a program', '7f454c46'],
  ['a sound', '52494646'],
  ['a sound', '4f676753'],
  ['a sound', '664c6143'],
  ['a sound', '494433'],
  ['a picture', '49492a00'],
  ['a picture', '4d4d002a'],
  ['a picture', '424d'],
  ['a database', '53514c69746520666f726d6174'],
];

/** Characters of a title, which is kept with each passage. */
const LONGEST_TITLE = 300;

/** Files inside of files: an attachment of a message that is attached to a message … */
const DEEPEST = 3;

/** Reads a file's bytes. Throws SkipError for one that gives no text. */
export async function readContent(bytes: Buffer, path: string, reading: Reading = { depth: 0 }): Promise<Content> {
  if (reading.depth > DEEPEST) throw new SkipError('unsupported', 'It is inside of too many files.');
  if (bytes.length === 0) throw new SkipError('empty', 'It is empty.');
  const kind = kindOf(bytes, path);
  const read = await READERS[kind]();
  let content: Content;
  try {
    content = await read(bytes, path, reading);
  } catch (error) {
    if (error instanceof SkipError) throw error;
    // Of a library that the file was too much for (tags nested without end): the other files are read all the same.
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof RangeError && why.startsWith('Maximum call stack')) {
      throw new SkipError('corrupt', `It cannot be read as ${kind}: it is nested too deeply.`, { cause: error });
    }
    throw new SkipError('corrupt', `It cannot be read as ${kind}: ${why}`, { cause: error });
  }
  if (content.blocks.every(({ kind }) => kind === 'heading') && content.text.trim() === '') {
    throw new SkipError('empty', 'There is no text in it.');
  }
  if (content.title !== undefined && content.title.length > LONGEST_TITLE) {
    content.title = `${content.title.slice(0, LONGEST_TITLE)}…`;
  }
  return content;
}

function kindOf(bytes: Buffer, path: string): keyof typeof READERS {
  const start = bytes.toString('latin1', 0, 5);
  if (start === '%PDF-') return 'pdf';
  if (start === '{\\rtf') return 'rtf';
  const kind = KINDS.get(extname(path).toLowerCase()) ?? 'text';
  if (kind === 'pdf' || ARCHIVES.has(kind)) return kind;
  const head = bytes.toString('hex', 0, 16);
  const foreign = FOREIGN.find(([, magic]) => head.startsWith(magic));
  if (foreign !== undefined) throw new SkipError('binary', `It is ${foreign[0]}.`);
  return kind;
}
