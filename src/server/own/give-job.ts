// How a job is given to who started it. Not here: jobs (jobs.ts).
import type { Exchange } from '../exchange.js';
import { EventStream } from '../stream.js';
import type { JobView } from './schemas.js';

interface Started {
  view: JobView;
  done: Promise<JobView>;
}
export type Onward = ((exchange: Exchange) => { caller: Exchange['caller']; signal?: AbortSignal }) & {
  change: ((view: JobView) => void) | undefined;
};

/** A job that goes on by itself; or, to who accepts events, its progress, and then it ends with the connection. */
export async function giveJob(exchange: Exchange, start: (onward: Onward) => Started): Promise<JobView | undefined> {
  if (!/\btext\/event-stream\b/.test(exchange.request.headers.accept ?? '')) {
    return start(Object.assign(({ caller }: Exchange) => ({ caller }), { change: undefined })).view;
  }
  const out = new EventStream(exchange);
  const change = (view: JobView): void => {
    out.send(view, 'job');
  };
  const { view, done } = start(Object.assign(({ caller, signal }: Exchange) => ({ caller, signal }), { change }));
  out.send(view, 'job');
  await done;
  out.end();
  return undefined;
}
