// A day of a channel in the folder that Slack exports (`general/2026-11-30.json`): who is behind an id is said by the messages, or by
// users.json above the channel. Not here: what is made of the messages (chat.ts).
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { isObject } from '../../is-object.js';
import { conversation, type Message } from './chat.js';
import type { Content } from './types.js';

/** A longer list of people is not looked at. */
const MOST_BYTES = 32e6;

export function isDayOfSlack(path: string): boolean {
  return /^\d{4}-\d{2}-\d{2}\.json$/u.test(basename(path));
}

/** Content of a day; undefined for any other value. */
export function slackContent(value: unknown, path: string): Omit<Content, 'metadata'> | undefined {
  if (!Array.isArray(value)) return undefined;
  const messages = (value as unknown[]).filter(isMessage);
  if (messages.length === 0) return undefined;
  const people = new Map([...peopleBeside(path), ...messages.flatMap(nameSaid)]);
  const read = messages.map((message) => messageOf(message, people));
  const { text, blocks } = conversation(read);
  const channel = basename(dirname(path));
  for (const { metadata } of blocks) if (channel !== '.' && metadata !== undefined) metadata['channel'] = channel;
  return { kind: 'chat', ...(channel === '.' ? {} : { title: channel }), text, blocks };
}

interface SlackMessage {
  ts: string;
  text: string;
  user?: unknown;
  username?: unknown;
  user_profile?: unknown;
}

function isMessage(value: unknown): value is SlackMessage & Record<string, unknown> {
  if (!isObject(value)) return false;
  const { type, ts, text, subtype } = value;
  const isSaid = typeof subtype !== 'string' || !/_(?:join|leave|topic|purpose|name)$/u.test(subtype);
  return type === 'message' && typeof ts === 'string' && /^\d+\.\d+$/u.test(ts) && typeof text === 'string' && isSaid;
}

function messageOf(message: SlackMessage, people: ReadonlyMap<string, string>): Message {
  const { ts, text, user, username } = message;
  const id = typeof user === 'string' ? user : '';
  const from = people.get(id) ?? (typeof username === 'string' && username !== '' ? username : id || 'Somebody');
  return { from, at: new Date(Number(ts) * 1000).toISOString().slice(0, 16), text: plain(text, people) };
}

/** `<@U1>`, `<#C1|general>`, `<https://x.org|there>` as they read; &amp; and the like as they were typed. */
function plain(text: string, people: ReadonlyMap<string, string>): string {
  return text
    .replace(/<@([A-Z0-9]+)(?:\|([^<>]*))?>/gu, (_, id: string, name?: string) => `@${people.get(id) ?? name ?? id}`)
    .replace(/<#[A-Z0-9]+\|([^<>]*)>/gu, '#$1')
    .replace(/<([^<>|]+)\|([^<>]*)>/gu, '$2 ($1)')
    .replace(/<([^<>|]+)>/gu, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function nameSaid({ user, user_profile: profile }: SlackMessage): [string, string][] {
  const name = nameIn(profile);
  return typeof user === 'string' && name !== undefined ? [[user, name]] : [];
}

function nameIn(profile: unknown): string | undefined {
  if (!isObject(profile)) return undefined;
  const names = [profile['real_name'], profile['display_name'], profile['name']];
  return names.find((name): name is string => typeof name === 'string' && name !== '');
}

function peopleBeside(path: string): [string, string][] {
  if (!isAbsolute(path)) return [];
  const file = join(dirname(dirname(path)), 'users.json');
  try {
    if (statSync(file).size > MOST_BYTES) return [];
    const users: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(users)) return [];
    return (users as unknown[]).flatMap((user): [string, string][] => {
      if (!isObject(user) || typeof user['id'] !== 'string') return [];
      const name = nameIn(user['profile']) ?? nameIn(user);
      return name === undefined ? [] : [[user['id'], name]];
    });
  } catch {
    return []; // the ids stand for them
  }
}
