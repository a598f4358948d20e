// Whether the server lives, and what it has done: /health for anybody, /metrics for who may chat. Not here: the report of `doctor`.
import type { Context } from './context.js';
import type { Route } from './exchange.js';
import { sendJson, sendText } from './reply.js';

export function healthRoutes({ metrics, version, startedAt }: Context): Route[] {
  return [
    {
      ...{ method: 'GET', path: '/health', scope: 'public' },
      handle: (exchange) => {
        sendJson(exchange, { status: 'ok', version, seconds: Math.floor((Date.now() - startedAt) / 1000) });
      },
    },
    {
      ...{ method: 'GET', path: '/metrics', scope: 'chat' },
      handle: (exchange) => {
        sendText(exchange, metrics.text(), 'text/plain; version=0.0.4; charset=utf-8');
      },
    },
  ];
}
