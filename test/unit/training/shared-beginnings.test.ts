import { expect, it } from 'vitest';
import { sharedBeginnings } from '../../../src/training/shared-beginnings.js';

it('counts the places where texts of the same beginning part', () => {
  expect(sharedBeginnings([[1, 2, 3, 4]])).toEqual([0]);
  expect(
    sharedBeginnings([
      [1, 2, 3],
      [1, 2, 4],
      [1, 5],
    ]),
  ).toEqual([2, 2, 1]);
});

it('finds none in texts that are equal, that end early, or that differ from their first token on', () => {
  expect(
    sharedBeginnings([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2],
    ]),
  ).toEqual([0, 0, 0]);
  expect(sharedBeginnings([[1, 2], [3, 2], []])).toEqual([0, 0, 0]);
});
