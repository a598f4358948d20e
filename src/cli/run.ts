// Runs one command line in a world and returns its exit code: 0, 1 for a failure, 2 for a mistake in the command line, 130
// when it was cancelled. stderr is for people; with --json stdout carries one JSON value, also for an error. Not here: the
// real streams and signals (main.ts).
import { EngramError } from '../errors.js';
import type { CommandSpec, Options } from './command.js';
import { inFlags } from './flags.js';
import { columnsOf, painter, printable, type World } from './io.js';
import { Job, type LoadApi } from './job.js';
import { readSettings, type CliSettings } from './options.js';
import { parse } from './program.js';

export async function run(argv: readonly string[], world: World, load: LoadApi, version: string): Promise<number> {
  // The command line itself may be what is wrong, so these two are looked for before it is understood.
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const look = {
    json: words.includes('--json') || isOn(world.env['ENGRAM_JSON']),
    verbose: words.includes('--verbose'),
  };
  try {
    const parsed = parse(argv, version, columnsOf(world.stdout));
    if (parsed.kind === 'mistake') {
      if (parsed.help !== undefined) world.stderr.write(`${parsed.help}\n`);
      throw new EngramError('usage', parsed.message, { hint: parsed.hint });
    }
    if (parsed.kind === 'text') {
      world.stdout.write(parsed.text);
      return 0;
    }
    const settings = readSettings(parsed.given, world.env);
    Object.assign(look, { json: settings.json, verbose: settings.verbose });
    return await runCommand(parsed.command, parsed.args, parsed.options, { settings, world, load });
  } catch (error) {
    return report(error, world, look);
  }
}

interface Around {
  settings: CliSettings;
  world: World;
  load: LoadApi;
}

async function runCommand(
  command: CommandSpec,
  args: readonly string[],
  options: Options,
  { settings, world, load }: Around,
): Promise<number> {
  const cancel = new AbortController();
  const stopListening = world.onInterrupt((signal) => {
    // The first asks to stop cleanly, the second does not ask.
    if (cancel.signal.aborted) world.exit(signal === 'SIGINT' ? 130 : 143);
    cancel.abort(signal);
    if (!settings.quiet) world.stderr.write('\nStopping… (once more to stop at once)\n');
  });
  const isServed = command.served === true && !settings.alone;
  const job = new Job(settings, world, load, cancel.signal, isServed);
  try {
    let code: number;
    try {
      code = (await command.run(job, args, options)) ?? 0;
    } catch (error) {
      throw inFlags(error, command);
    } finally {
      await job.close();
    }
    if (settings.json) world.stdout.write(`${JSON.stringify(job.result ?? null)}\n`);
    return code;
  } finally {
    stopListening();
  }
}

/** Tells people on stderr, and with --json a program on stdout. Returns the exit code. */
function report(error: unknown, world: World, { json, verbose }: { json: boolean; verbose: boolean }): number {
  const ours = error instanceof EngramError ? error : unexpected(error);
  const paint = painter(world.stderr, world.env);
  world.stderr.write(`${paint('red', 'engram:')} ${printable(ours.message)}\n`);
  if (ours.hint !== undefined) world.stderr.write(`${printable(ours.hint)}\n`);
  if (verbose) world.stderr.write(`${printable(stackOf(ours))}\n`);
  if (json) world.stdout.write(`${JSON.stringify({ error: ours })}\n`);
  if (ours.code === 'cancelled') return 130;
  return ours.code === 'usage' ? 2 : 1;
}

function unexpected(error: unknown): EngramError {
  const message = error instanceof Error ? error.message : String(error);
  return new EngramError('internal', message, {
    cause: error,
    hint: 'This should not have happened. Run it again with --verbose to see where.',
  });
}

/** The stack of an error and of what caused it. */
function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by: ${stackOf(error.cause)}` : own;
}

function isOn(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value?.trim() ?? '');
}
