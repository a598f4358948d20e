// Templates that would go on for ever are refused; sound ones render as before.
import { describe, expect, it } from 'vitest';
import { Rendering } from '../../../src/inference/rendering.js';

const render = (template: string, count = 1): string =>
  new Rendering(template, { bos: '<s>', eos: '</s>' }).render(
    Array.from({ length: count }, (_, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content: 'hi' })),
    { openAnswer: true, tools: [], thinking: false },
  );

describe('a template', () => {
  it.each([
    ['a range of all numbers', '{% for i in range(1000000000000) %}x{% endfor %}'],
    ['loops in loops', '{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}'],
    [
      'loops that take nothing',
      '{% set l = range(90000) %}{% for a in l %}{% for b in l if b == -1 %}x{% endfor %}{% endfor %}',
    ],
    [
      'macros that call themselves twice',
      '{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}',
    ],
    ['a macro without an end', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
    ['a range without steps', '{{ range(0, 9, 0) }}'],
  ])('is refused that has %s', { timeout: 60_000 }, (_, template) => {
    expect(() => render(template)).toThrow(expect.objectContaining({ code: 'unsupported' }) as Error);
  });

  it('that is sound renders as before', () => {
    expect(render('{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 1, -2) %}{{ i }}{% endfor %}')).toBe(
      '01253',
    );
    expect(render('{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}')).toBe(
      '3210',
    );
    expect(render('{% for m in messages %}{{ m.content }}{% else %}none{% endfor %}', 2000)).toBe('hi'.repeat(2000));
    expect(render('{% for m in messages[:0] %}x{% else %}none{% endfor %}')).toBe('none');
    expect(render("{% set range = messages[0] %}{{ range.role }}{{ {'range': 4}.range }}")).toBe('user4');
  });
});
