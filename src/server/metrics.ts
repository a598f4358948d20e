// Counts of what the server does, as Prometheus reads them. Not here: the log.

interface Family {
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  values: Map<string, number>;
}

/** Upper bounds, seconds. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #gauges: { name: string; help: string; read: () => number }[] = [];

  count(name: string, help: string, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    const { values } = this.#family(name, help, 'counter');
    const key = labelsOf(labels);
    values.set(key, (values.get(key) ?? 0) + by);
  }

  /** One more duration of a histogram. */
  observe(name: string, help: string, seconds: number): void {
    const { values } = this.#family(name, help, 'histogram');
    const add = (key: string, by: number): void => void values.set(key, (values.get(key) ?? 0) + by);
    for (const bound of SECONDS) add(`_bucket${labelsOf({ le: String(bound) })}`, seconds <= bound ? 1 : 0);
    add(`_bucket${labelsOf({ le: '+Inf' })}`, 1);
    add('_sum', seconds);
    add('_count', 1);
  }

  /** What is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.push({ name, help, read });
  }

  text(): string {
    const lines: string[] = [];
    for (const [name, { help, type, values }] of this.#families) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const [key, value] of values) lines.push(`${name}${key} ${value}`);
    }
    for (const { name, help, read } of this.#gauges) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${read()}`);
    }
    return `${lines.join('\n')}\n`;
  }

  #family(name: string, help: string, type: Family['type']): Family {
    let family = this.#families.get(name);
    if (family === undefined) this.#families.set(name, (family = { help, type, values: new Map() }));
    return family;
  }
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
