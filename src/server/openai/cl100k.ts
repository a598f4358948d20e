// Texts out of the token ids of OpenAI's embedding models (cl100k_base), which LangChain sends in their place. It needs the package
// js-tiktoken, which who uses LangChain has; it is 22 MB, so engram does not bring it. Not here: engram's own tokens.
import { invalid } from '../errors.js';

const HINT =
  'Send texts: in LangChain set check_embedding_ctx_length=False; or install the package js-tiktoken beside engram, which reads these ids.';

interface Encoding {
  decode: (ids: number[]) => string;
}

let encoding: Promise<Encoding | undefined> | undefined;

/** Throws 400 where the ids cannot be read. */
export async function decodeCl100k(lists: readonly number[][]): Promise<string[]> {
  const open = await (encoding ??= load());
  if (open === undefined) throw invalid(`Token ids are not read here. ${HINT}`, 'input');
  return lists.map((ids, i) => {
    try {
      const text = open.decode(ids);
      if (text === '') throw new Error('Ids that it does not know are passed over.');
      return text;
    } catch {
      throw invalid(`input[${i}] has ids that are none of cl100k_base. ${HINT}`, 'input');
    }
  });
}

async function load(): Promise<Encoding | undefined> {
  const name = 'js-tiktoken' as string; // not for the compiler: it may not be there
  try {
    const { getEncoding } = (await import(name)) as { getEncoding: (name: string) => Encoding };
    return getEncoding('cl100k_base');
  } catch {
    return undefined;
  }
}
