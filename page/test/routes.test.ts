import { expect, it } from 'vitest';
import { linkTo, parseRoute } from '../src/routes.js';

it('finds again what it linked to, whatever the id is', () => {
  for (const id of ['m-3f9a2c', 'a/b?c#d', 'ü é', '%2F', '../..']) {
    const { view, id: found } = parseRoute(linkTo('memories', id));
    expect({ view, found }).toEqual({ view: 'memories', found: id });
  }
});

it('shows the first view for an address that means nothing', () => {
  for (const hash of ['', '#', '#/', '#/nothing', '#/__proto__', '#/teach/%E0%A4%A', '#key=x']) {
    expect(parseRoute(hash).view).toBe('teach');
  }
  expect(parseRoute('#/teach/%E0%A4%A').id).toBeUndefined();
});

it('reads what stands behind the question mark', () => {
  expect(parseRoute(linkTo('memories', undefined, { state: 'forgotten' })).query.get('state')).toBe('forgotten');
});
