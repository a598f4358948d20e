// Small choices kept in the browser: language, brain, theme. Where nothing may be kept they hold until the page is closed.

const held = new Map<string, string>();

export function keep(name: string, value: string, where: 'local' | 'session' = 'local'): void {
  held.set(name, value);
  try {
    storageOf(where).setItem(`engram.${name}`, value);
  } catch {
    // Storage is full or forbidden: `held` has it.
  }
}

export function kept(name: string, where: 'local' | 'session' = 'local'): string | undefined {
  try {
    return storageOf(where).getItem(`engram.${name}`) ?? held.get(name);
  } catch {
    return held.get(name);
  }
}

function storageOf(where: 'local' | 'session'): Storage {
  return where === 'local' ? localStorage : sessionStorage;
}
