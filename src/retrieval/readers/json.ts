// JSON and JSON Lines: each line, or each element of an array at the top, is a record; any other value is one as a whole. What
// Telegram and Slack export is a conversation.
import { aboutDecoded, decodeText } from './decode.js';
import { jsonValues } from './json-values.js';
import { fieldsOf, RecordWriter } from './record.js';
import { isDayOfSlack, slackContent } from './slack.js';
import { looksLikeTelegram, telegramContent } from './telegram.js';
import { SkipError, type Content, type Reader } from './types.js';

export const readJson: Reader = async (bytes, path, reading) => {
  const { text: source, ...about } = await decodeText(bytes, reading);
  const writer = new RecordWriter();
  let records = 0;
  try {
    const chat = chatOf(source, path);
    if (chat !== undefined) {
      const { left = [], ...told } = aboutDecoded(about);
      return { ...chat, ...told, left: [...left, ...(chat.left ?? [])] };
    }
    for (const value of jsonValues(source)) {
      writer.add(fieldsOf(value));
      records++;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SkipError('corrupt', `It is not sound JSON. ${error.message}`, { cause: error });
  }
  const { text, blocks } = writer;
  return { kind: 'json', text, blocks, ...aboutDecoded(about, { records }) };
};

function chatOf(source: string, path: string): Omit<Content, 'metadata'> | undefined {
  if (isDayOfSlack(path)) return slackContent([...jsonValues(source)], path);
  return looksLikeTelegram(source) ? telegramContent([...jsonValues(source)][0]) : undefined;
}
