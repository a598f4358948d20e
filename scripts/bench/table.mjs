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

/** The first lines of a table a person reads: where, with what, when. `setting` and `subject`: what more there is to say of how
 * and of what. */
export function headLines({ machine, engram, commit, node, date, seconds }, setting = '', subject = '') {
  const { cpu, cores, kernel, load } = machine;
  return [
    `${cpu}, ${cores} cores, ${kernel}, load ${load} before${setting === '' ? '' : `; ${setting}`}`,
    `engram ${[engram, commit].filter(Boolean).join(' ')}, node ${node}${subject === '' ? '' : `; ${subject}`}; ${date}, ${seconds} s`,
  ];
}
