// Keeps so many threads busy until stdin closes. Usage: node busy-child.mjs THREADS
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const spin = `
  require('node:worker_threads').parentPort.postMessage('busy');
  for (let x = 1; ; x = (x * 1664525 + 1013904223) >>> 0);
`;
const workers = Array.from({ length: Number(process.argv[2]) }, () => new Worker(spin, { eval: true }));
await Promise.all(workers.map((worker) => once(worker, 'message')));
process.stdout.write('{"busy":true}\n');
process.stdin.on('end', () => process.exit(0)).resume();
