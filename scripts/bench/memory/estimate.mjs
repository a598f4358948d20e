// How far a long run is, and how long the rest will take.

/** Set `of` to the pieces there are; tick() counts one and says how it stands. */
export function remaining(now = Date.now) {
  const started = now();
  let done = 0;
  return {
    of: 0,
    tick() {
      done++;
      const left = ((now() - started) / done) * Math.max(0, this.of - done);
      return `${done} of ${this.of}${done < this.of ? `, about ${duration(left)} left` : ''}`;
    },
  };
}

function duration(ms) {
  const minutes = ms / 60_000;
  if (minutes < 1.5) return `${Math.round(ms / 1000)} s`;
  return minutes < 90 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}
