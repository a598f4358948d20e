// A registry for npm on this machine: it has the packages of a folder and sends npm on to the usual registry for all others.
// Nothing can be published to it. It listens to this machine alone.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { readTarball } from './tarball.mjs';

/** `upstream`: the address of the usual registry. Resolves with its address, what it was asked for of its own, and `close()`. */
export async function serve(folder, upstream) {
  const packages = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.tgz'))) {
    const { manifest } = await readTarball(join(folder, file));
    const bytes = readFileSync(join(folder, file));
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    packages.set(manifest.name, { file, manifest, integrity });
  }
  const sent = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname.slice(1));
    const one = packages.get(path);
    const own = [...packages.values()].find(({ file }) => path === `-/${file}`);
    if (one !== undefined) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(packument(one, `http://${request.headers.host}/-/${one.file}`)));
    } else if (own !== undefined) {
      sent.push(own.file);
      createReadStream(join(folder, own.file)).pipe(response);
    } else {
      response.writeHead(302, { location: new URL(request.url.slice(1), upstream).href });
      response.end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    sent,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What npm asks about a package: it has one version. */
function packument({ manifest, integrity }, tarball) {
  const { name, version } = manifest;
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist: { tarball, integrity } } },
  };
}
