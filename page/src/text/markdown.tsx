// Markdown of a model as elements. marked finds the tokens, and each becomes an element of the page: no HTML is ever parsed, so
// there is nothing to sanitise. HTML in a text is shown as text, images as their words, addresses that are not web or mail not at all.
import { lexer, type Token, type Tokens } from 'marked';
import type { ComponentChild, VNode } from 'preact';
import { safeHref } from './links.js';
import { clip, visible } from './visible.js';
import { t } from '../strings/index.js';

/** Longer texts are shown as they are: finding their structure would take longer than reading them. */
const LONGEST_MARKDOWN = 50_000;
const LONGEST_PLAIN = 200_000;
/** Quotes within quotes within … are text from here on. */
const DEEPEST = 16;

export function Markdown({ text }: { text: string }): VNode {
  if (text.length > LONGEST_MARKDOWN) return <Plain text={text} />;
  return <div class="markdown">{blocks(lexer(visible(text)), 0)}</div>;
}

/** A text as it stands, cut where it would be too much for any reader. */
export function Plain({ text, most = LONGEST_PLAIN }: { text: string; most?: number }): VNode {
  const { shown, left } = clip(text, most);
  return (
    <div class="plain" dir="auto">
      {visible(shown)}
      {left > 0 && <em class="quiet"> {t('text.left', { count: left })}</em>}
    </div>
  );
}

function blocks(tokens: readonly Token[], depth: number): ComponentChild[] {
  return tokens.map((token) => block(token, depth));
}

function block(token: Token, depth: number): ComponentChild {
  if (depth > DEEPEST) return <p dir="auto">{token.raw}</p>;
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'hr':
      return <hr />;
    case 'heading':
      return <Heading token={token as Tokens.Heading} depth={depth} />;
    case 'paragraph':
      return <p dir="auto">{inline((token as Tokens.Paragraph).tokens, depth)}</p>;
    case 'text':
      return <span dir="auto">{inlineOr(token as Tokens.Text, depth)}</span>;
    case 'code':
      return <Code token={token as Tokens.Code} />;
    case 'blockquote':
      return <blockquote>{blocks((token as Tokens.Blockquote).tokens, depth + 1)}</blockquote>;
    case 'list':
      return <List token={token as Tokens.List} depth={depth} />;
    case 'table':
      return <Table token={token as Tokens.Table} depth={depth} />;
    default: // html and what marked may learn to find
      return <p dir="auto">{token.raw}</p>;
  }
}

/** The page has its own headings: those of an answer begin two levels below. */
function Heading({ token, depth }: { token: Tokens.Heading; depth: number }): VNode {
  const content = inline(token.tokens, depth);
  if (token.depth === 1) return <h4 dir="auto">{content}</h4>;
  return token.depth === 2 ? <h5 dir="auto">{content}</h5> : <h6 dir="auto">{content}</h6>;
}

function Code({ token }: { token: Tokens.Code }): VNode {
  return (
    <pre dir="ltr" tabIndex={0}>
      <code>{token.text}</code>
    </pre>
  );
}

function List({ token, depth }: { token: Tokens.List; depth: number }): VNode {
  const items = token.items.map((item) => (
    <li dir="auto">
      {item.task && (item.checked === true ? '☑ ' : '☐ ')}
      {blocks(
        item.tokens.filter(({ type }) => type !== 'checkbox'),
        depth + 1,
      )}
    </li>
  ));
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ token, depth }: { token: Tokens.Table; depth: number }): VNode {
  return (
    <div class="wide" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {token.header.map((cell) => (
              <th dir="auto">{inline(cell.tokens, depth)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td dir="auto">{inline(cell.tokens, depth)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: readonly Token[], depth: number): ComponentChild[] {
  return tokens.map((token) => (depth > DEEPEST ? token.raw : span(token, depth)));
}

function inlineOr(token: { text: string; tokens?: Token[] | undefined }, depth: number): ComponentChild {
  return token.tokens === undefined ? token.text : inline(token.tokens, depth + 1);
}

function span(token: Token, depth: number): ComponentChild {
  switch (token.type) {
    case 'text':
    case 'escape':
      return inlineOr(token as Tokens.Text, depth);
    case 'strong':
      return <strong>{inlineOr(token as Tokens.Strong, depth)}</strong>;
    case 'em':
      return <em>{inlineOr(token as Tokens.Em, depth)}</em>;
    case 'del':
      return <del>{inlineOr(token as Tokens.Del, depth)}</del>;
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>;
    case 'br':
      return <br />;
    case 'link':
      return <Link token={token as Tokens.Link} depth={depth} />;
    case 'image': // fetching one would tell its host what was said
      return <span class="quiet">[{(token as Tokens.Image).text}]</span>;
    default:
      return token.raw;
  }
}

function Link({ token, depth }: { token: Tokens.Link; depth: number }): VNode {
  const href = safeHref(token.href);
  if (href === undefined) return <span>{token.raw}</span>;
  return (
    <a href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
      {inlineOr(token, depth)}
    </a>
  );
}
