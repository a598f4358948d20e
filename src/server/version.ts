// Which engram this is. Not here: versions of dialects.
import { readFileSync } from 'node:fs';

/** Two levels up from src/server as from dist/server. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
