// Which part of the everyday rows something may be fitted to, chosen by, or tested on: the first, the second and the third of each three
// rows of a file. The same split as scripts/judge/data.mjs has, which an installed package does not (a test compares them).
// Not here: reading rows.

export const PARTS = ['fit', 'choose', 'test'];

export const partOf = (row) => PARTS[row % PARTS.length];
