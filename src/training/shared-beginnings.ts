// Where texts that begin alike part, no model can say every one of them: it has to choose. How many such places has each text?
// Not here: learning them (fine-tune.ts).

/** For each sequence the number of its tokens that others of the same beginning continue in another way. */
export function sharedBeginnings(sequences: readonly (readonly number[])[]): number[] {
  const open = sequences.map(() => 0);
  const count = (members: readonly number[], at: number): void => {
    const groups = new Map<number, number[]>();
    for (const member of members) {
      const token = sequences[member]![at];
      if (token !== undefined) groups.set(token, [...(groups.get(token) ?? []), member]);
    }
    for (const group of groups.values()) {
      // What stands first follows from nothing and is not learned.
      if (groups.size > 1 && at > 0) for (const member of group) open[member]!++;
      if (group.length > 1) count(group, at + 1);
    }
  };
  count([...sequences.keys()], 0);
  return open;
}
