// The sentences of a Markdown page as a reader meets them: of paragraphs, headings and list items. Code in a line is one word, of a
// link only its words count. Not here: code blocks, tables, HTML and pictures.
import { marked, type Token, type Tokens } from 'marked';

export function sentencesOf(markdown: string): string[] {
  return marked.lexer(markdown).flatMap(textsOf).flatMap(split);
}

/** How many words have a letter or a digit. */
export function wordCount(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** The texts of a block, each of which ends its last sentence. */
function textsOf(block: Token): string[] {
  switch (block.type) {
    case 'list':
      return (block as Tokens.List).items.flatMap(({ tokens }) => tokens.flatMap(textsOf));
    case 'blockquote':
      return (block.tokens ?? []).flatMap(textsOf);
    case 'paragraph':
    case 'heading':
    case 'text':
      return [wordsOf(block)];
    default:
      return [];
  }
}

function wordsOf(token: Token): string {
  if (token.type === 'codespan') return 'code';
  if (token.type === 'image' || token.type === 'html') return '';
  if (token.type === 'br') return ' ';
  const { tokens, text } = token as { tokens?: Token[]; text?: string };
  return tokens === undefined ? (text ?? '') : tokens.map(wordsOf).join('');
}

/** A sentence ends at a mark with white space after it, and what closes between them. */
function split(text: string): string[] {
  return text.split(/(?<=[.!?…][)"”’»]*)\s+/u).filter((sentence) => sentence !== '');
}
