// RTF, Org, LaTeX and the notes of Obsidian: what each reader makes of a small file as people write them.
import { describe, expect, it } from 'vitest';
import { chunkContent } from '../../../src/retrieval/chunks.js';
import { readContent, type Content } from '../../../src/retrieval/readers/index.js';

const read = (name: string, data: string | Buffer): Promise<Content> => readContent(Buffer.from(data as string), name);
const passages = (content: Content): unknown[] =>
  chunkContent(content).map(({ headings, text }) => [...headings, text]);

describe('rtf', () => {
  it('headings, tables and footnotes, without what is no text', async () => {
    const content = await read(
      'a.rtf',
      String.raw`{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}}{\colortbl;\red0\green0\blue0;}
{\stylesheet{\s1 heading 1;}}{\info{\title On kilns}{\author J\'fcrgen Vo\'df}{\*\company Clay}}
{\header Page header}\pard\outlinelevel0 Firing\par\pard It is \b hot\b0 : 900\u176?C{\footnote Or more.}, says \{Mara\}.\par
{\f1 \'cf\'e8\'f0\'ee\'e3} \uc2\u26085\'93\'fa\uc1{\v hidden}\par{\*\unknown nothing}{\pict\pngblip 89504e47}
\trowd Day\cell Heat\cell\row\trowd 1\cell 900\cell\row}`,
    );
    expect(content).toMatchObject({ kind: 'rtf', title: 'On kilns', metadata: { author: 'Jürgen Voß' } });
    expect(content.left).toEqual([{ what: '1 picture', why: 'there is no OCR' }]);
    expect(content.text.split('\n').filter((line) => line !== '')).toEqual([
      ...['Firing', 'It is hot: 900°C [Or more.], says {Mara}.', 'Пирог 日', 'Day | Heat', '1 | 900'],
    ]);
    expect(chunkContent(content)[0]!.headings).toEqual(['Firing']);
  });

  it('is known by its beginning, and what only has its name is text', async () => {
    expect((await read('a.doc', String.raw`{\rtf1 Some words.\par}`)).kind).toBe('rtf');
    expect(await read('a.rtf', 'Some words.')).toMatchObject({ kind: 'text', text: 'Some words.' });
  });
});

describe('org', () => {
  it('headings without their marks, their tags and properties as fields, code as it is', async () => {
    const content = await read(
      'a.org',
      '#+TITLE: Kilns\n#+filetags: :clay:fire:\n# a remark\n\nBefore all.\n\n* TODO [#A] Firing :hot:glaze:\n:PROPERTIES:\n:Owner: Mara\n:END:\n' +
        'It is hot.\nVery.\n\n- one\n- two\n\n#+begin_src sh\nfire --now\n\n# all\n#+end_src\n** Cooling\nSlowly.\n',
    );
    expect(content).toMatchObject({ title: 'Kilns', metadata: { 'tags.0': 'clay', 'tags.1': 'fire' } });
    expect(passages(content)).toEqual([
      ['Before all.'],
      ['Firing', 'It is hot.\nVery.\n\n- one\n- two\n\n#+begin_src sh\nfire --now\n\n# all'],
      ['Firing', 'Cooling', 'Slowly.'],
    ]);
    expect(chunkContent(content)[1]!.metadata).toEqual({
      ...{ state: 'TODO', 'tags.0': 'hot', 'tags.1': 'glaze', owner: 'Mara' },
    });
  });
});

describe('tex', () => {
  it('sections, accents, formulas and lists as they read', async () => {
    const content = await read(
      'a.tex',
      String.raw`\documentclass[a4paper]{article}
\title{On \emph{Kilns}} \author{J\"urgen Vo\ss} \usepackage{x}
\begin{document}\maketitle
\section[short]{Firing \& more}\label{sec:x}
It is 900\,degrees~hot % a remark
in \textbf{every} fa\c{c}ade \cite{voss}, with $a_1 < b$.

\begin{itemize}
  \item One \item[Two] more
\end{itemize}
\begin{tabular}{ll} Day & Heat \\ 1 & 900 \\ \end{tabular}
\begin{verbatim}
fire  --now \section{no}
\end{verbatim}
\input{other} \'Etude.
\end{document} After.`,
    );
    expect(content).toMatchObject({ title: 'On Kilns', metadata: { author: 'Jürgen Voß' } });
    expect(content.left).toEqual([{ what: 'other', why: 'it is a file of its own' }]);
    expect(content.text.split('\n\n')).toEqual([
      'Firing & more',
      'It is 900 degrees hot in every façade [voss], with $a_1 < b$.',
      '- One',
      '- Two: more',
      'Day | Heat\n1 | 900',
      'fire  --now \\section{no}',
      'Étude.',
    ]);
    expect(chunkContent(content)[0]!.headings).toEqual(['Firing & more']);
  });
});

describe('a note of Obsidian', () => {
  it('has its tags, links and aliases as fields, and its name as the title', async () => {
    const content = await read(
      'notes/Kiln firing.md',
      '---\naliases: [Burning, Brand]\ntags: [clay]\n---\nSee [[Glaze#Red|the glaze]] and ![[kiln.png]] #hot/very, item #1.\n\n`#no` and a#b\n\n```\n#code [[none]]\n```\n',
    );
    expect(content.title).toBe('Kiln firing');
    expect(content.metadata).toMatchObject({
      ...{ 'aliases.0': 'Burning', 'aliases.1': 'Brand', 'tags.0': 'clay', 'tags.1': 'hot/very' },
      ...{ 'links.0': 'Glaze', 'links.1': 'kiln.png' },
    });
    expect(Object.keys(content.metadata!)).not.toContain('tags.2');
    expect((await read('a.md', 'No links.')).title).toBeUndefined();
  });
});
