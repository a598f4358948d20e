// A set-up failure that a person can do something about: its message is all they see, without a stack.

export class SetUpProblem extends Error {
  /** What the process ends with: 1, or 130 after Ctrl-C. */
  exitCode = 1;
}

export class Interrupted extends SetUpProblem {
  exitCode = 130;

  constructor() {
    super('Interrupted. Start again to go on where it stopped.');
  }
}
