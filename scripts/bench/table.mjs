// Tables a person reads in a terminal.

/** Rows with the same keys as columns; columns that are empty throughout are left out. */
export function table(rows) {
  const names = Object.keys(rows[0]).filter((name) => rows.some((row) => (row[name] ?? '') !== ''));
  const lines = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '')))];
  const widths = names.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
