// In which order packages are published.

/** Each after those that it names. */
export function inOrder(packages) {
  const names = new Map(packages.map((one) => [one.manifest.name, one]));
  const ordered = new Set();
  const add = (one) => {
    if (ordered.has(one)) return;
    const { dependencies = {}, optionalDependencies = {} } = one.manifest;
    const wanted = Object.entries({ ...dependencies, ...optionalDependencies });
    for (const [name, spec] of wanted) {
      const other = names.get(/^npm:(.+)@/.exec(spec)?.[1] ?? name);
      if (other !== undefined) add(other);
    }
    ordered.add(one);
  };
  for (const one of packages) add(one);
  return [...ordered];
}
