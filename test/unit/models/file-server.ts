// A server on this machine that answers as Hugging Face does: files by range, with the misbehaviour a test asks for.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  endpoint: string;
  /** Requests so far: path and Range header. */
  requests: { path: string; range: string | undefined; authorization: string | undefined }[];
  /** Decides about a request before it is answered with the file: true if it has been answered. */
  interfere: ((request: IncomingMessage, response: ServerResponse, content: Buffer) => boolean) | undefined;
  close: () => Promise<void>;
}

/** Serves `files` by the end of their path. */
export async function serveFiles(files: Record<string, Buffer>): Promise<FileServer> {
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    result.requests.push({ path, range: request.headers.range, authorization: request.headers.authorization });
    const content = Object.entries(files).find(([name]) => path.endsWith(`/${name}`))?.[1];
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (result.interfere?.(request, response, content) === true) return;
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    if (from === undefined) {
      response.writeHead(200, { 'content-length': content.length }).end(content);
    } else if (Number(from) >= content.length) {
      response.writeHead(416).end();
    } else {
      const part = content.subarray(Number(from));
      const range = `bytes ${from}-${content.length - 1}/${content.length}`;
      response.writeHead(206, { 'content-length': part.length, 'content-range': range }).end(part);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const result: FileServer = {
    endpoint: `http://127.0.0.1:${port}`,
    requests: [],
    interfere: undefined,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return result;
}
