// `npm start`: set-up, then the demonstration, which in a terminal goes on as a chat.
import { bootstrap, exitWith } from './bootstrap.mjs';
import { engram } from './set-up/cli.mjs';

await exitWith(async () => {
  await bootstrap();
  return engram(['demo', ...process.argv.slice(2)]);
});
