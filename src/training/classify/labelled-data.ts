// Labelled rows out of a JSONL file, and the task they make. Not here: examples of other rows (dataset.ts).
import { EngramError } from '../../errors.js';
import { readJsonLines } from '../dataset.js';
import { parseLabelledRow, type LabelledRow } from './labelled-row.js';
import { newTask, type ClassifyTask } from './task.js';

/** Reads `{text, label}` or `{text, labels}` rows, one kind only. Throws, with the number of the line, `corrupt` and `empty`;
 * without one `empty` (no rows), `not_found`, `disk`. */
export async function readLabelled(path: string, signal?: AbortSignal): Promise<LabelledRow[]> {
  const rows: LabelledRow[] = [];
  for await (const { text, line } of readJsonLines(path, signal)) {
    const row = parseLabelledRow(text, line);
    if (row.several !== (rows[0] ?? row).several) {
      throw new EngramError('corrupt', `Line ${line}: some rows have "label", others "labels".`, { details: { line } });
    }
    rows.push(row);
  }
  if (rows.length > 0) return rows;
  throw new EngramError('empty', `There are no rows in ${path}.`, {
    hint: 'Each line is a JSON object: {"text", "label"}, or {"text", "labels"} for any number of labels.',
  });
}

/** The task of telling apart the labels of these rows. Throws as newTask() does. */
export function taskOf(rows: readonly LabelledRow[], prompt?: string): ClassifyTask {
  const several = rows.some((row) => row.several);
  return newTask(
    rows.flatMap(({ labels }) => labels),
    { several, prompt },
  );
}
