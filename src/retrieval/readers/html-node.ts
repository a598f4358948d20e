// What of the DOM the readers of HTML need. Not here: a parser (html.ts).
/** As little of the DOM as is needed here. */
export interface Node {
  nodeType: number;
  nodeName: string;
  textContent: string | null;
  childNodes: Iterable<Node>;
  getAttribute?: (name: string) => string | null;
}
