// Which view the address names: `#/memories/m-3f9a2c?state=forgotten`. Views come from a table; what is unknown is the first view.

export const VIEWS = ['teach', 'chat', 'memories', 'documents', 'training', 'models', 'server'] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  view: View;
  /** What is opened in it: a memory, a run. */
  id: string | undefined;
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [name = '', id = ''] = path.split('/');
  const view = VIEWS.find((known) => known === name) ?? 'teach';
  return { view, id: decoded(id), query: new URLSearchParams(query) };
}

export function linkTo(view: View, id?: string, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${view}${id === undefined ? '' : `/${encodeURIComponent(id)}`}${search === '' ? '' : `?${search}`}`;
}

function decoded(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
