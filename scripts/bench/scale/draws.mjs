// What chance decides in a simulation: times as they were measured, popularity by Zipf's law, arrivals over a day. All of it follows
// from one source of numbers from 0 to 1.

/** Draws one of the values that were measured. */
export function oneOfMeasured(values, random) {
  if (values.length === 0) throw new RangeError('Expected a value that was measured.');
  return () => values[Math.floor(random() * values.length)];
}

/** Seconds until the next of events that come so many a second on average. */
export function nextAfter(perSecond, random) {
  return -Math.log(1 - random()) / perSecond;
}

/**
 * Ranks from 1 to `count`, the k-th as often as k^-s, by rejection (Hörmann and Derflinger 1996): no table, so a million cost nothing.
 */
export function zipf(count, s, random) {
  const over = (x) => (s === 1 ? Math.log(x) : (x ** (1 - s) - 1) / (1 - s));
  const under = (y) => (s === 1 ? Math.exp(y) : (1 + y * (1 - s)) ** (1 / (1 - s)));
  const [first, last] = [over(1.5) - 1, over(count + 0.5)];
  const sure = 2 - under(over(2.5) - 2 ** -s);
  return () => {
    for (;;) {
      const y = last + random() * (first - last);
      const x = under(y);
      const k = Math.min(count, Math.max(1, Math.round(x)));
      if (k - x <= sure || y >= over(k + 0.5) - k ** -s) return k;
    }
  };
}

/** How many times the mean rate people are at work at, by the hour: one wave, least at 4 and twice the mean at 16 o'clock. */
export function dayCurve(hour) {
  return 1 - Math.cos(((hour - 4) / 24) * 2 * Math.PI);
}
