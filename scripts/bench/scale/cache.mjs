// How often an adapter that a question needs is at hand, by the bytes there are for them; and from when on training again is cheaper
// than keeping. Brains and the memories of a brain are asked for by Zipf's law. Hit rates are those of Che's approximation of an LRU
// cache (Che, Tung and Wang 2002), which needs no simulation of a billion adapters; simulateLru() is what it is checked against.

/** Ranks from 1 to `count` in groups whose members are about equally popular: `[members, weight of each]`, weights over all 1. */
function groups(count, s) {
  const out = [];
  for (let low = 1; low <= count;) {
    const high = Math.min(count, Math.max(low, Math.floor(low * 1.15)));
    let weight = 0;
    if (high - low < 50) for (let k = low; k <= high; k++) weight += k ** -s;
    else
      weight =
        s === 1 ? Math.log((high + 0.5) / (low - 0.5)) : ((high + 0.5) ** (1 - s) - (low - 0.5) ** (1 - s)) / (1 - s);
    out.push([high - low + 1, weight]);
    low = high + 1;
  }
  const sum = out.reduce((all, [, weight]) => all + weight, 0);
  return out.map(([members, weight]) => [members, weight / sum / members]);
}

/** Of memories of brains: `[how many, share of all questions that each gets]`. */
export function popularity({ brains, brainSkew, memories, memorySkew }) {
  const within = groups(memories, memorySkew);
  return groups(brains, brainSkew).flatMap(([many, share]) =>
    within.map(([some, part]) => [many * some, share * part]),
  );
}

/** The share of questions whose adapter is among the `size` that a cache holds. */
export function hitRate(popular, size) {
  const all = popular.reduce((sum, [many]) => sum + many, 0);
  if (size >= all) return 1;
  const held = (questions) => popular.reduce((sum, [many, share]) => sum - many * Math.expm1(-share * questions), 0);
  let [low, high] = [0, 1];
  while (held(high) < size) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (held(middle) < size) low = middle;
    else high = middle;
  }
  return popular.reduce((sum, [many, share]) => sum - many * share * Math.expm1(-share * high), 0);
}

/** The same for a few, by asking them: `ask` draws which; the first half of the questions only fills it. */
export function simulateLru({ size, questions, ask }) {
  const held = new Map();
  let hits = 0;
  for (let i = 0; i < questions; i++) {
    const one = ask();
    const isHeld = held.delete(one);
    held.set(one, true);
    if (isHeld && i >= questions / 2) hits++;
    if (held.size > size) held.delete(held.keys().next().value);
  }
  return hits / Math.ceil(questions / 2);
}

/**
 * Which adapters are not worth keeping: those asked for so rarely that training them when they are asked for costs less.
 * @param prices `gigabyteMonth` and `coreHour`, in one currency
 * @returns `breakEven`: questions a month; `cold`: the share of adapters below it; `trainings`: of these, a second
 */
export function keepOrTrain(popular, { questionsPerSecond, bytes, trainSeconds, cores, prices }) {
  const keep = (bytes / 1e9) * prices.gigabyteMonth;
  const train = ((trainSeconds * cores) / 3600) * prices.coreHour;
  const month = 30 * 86_400;
  const breakEven = keep / train;
  let [all, cold, asked] = [0, 0, 0];
  for (const [many, share] of popular) {
    all += many;
    if (share * questionsPerSecond * month >= breakEven) continue;
    cold += many;
    asked += many * share;
  }
  return { breakEven, cold: cold / all, trainings: asked * questionsPerSecond };
}
