// Whether an agent passed on the fact and nothing else. Not here: running it (../agent.mjs).

/** As texts are compared: without the marks and spaces around them, and a capital at the beginning. */
function plain(text) {
  const bare = text.replace(/\s+/gu, ' ').replace(/^[\s"'“”„«»]+|[\s"'“”„«».!?]+$/gu, '');
  return bare.charAt(0).toLowerCase() + bare.slice(1);
}

/** `inputs`: what the tool was called with, in order. `exact`: once, with the fact and nothing else. */
export function scoreInputs(inputs, fact) {
  const same = inputs.filter((input) => plain(input) === plain(fact)).length;
  return {
    exact: inputs.length === 1 && same === 1,
    whole: inputs.some((input) => plain(input).toLowerCase().includes(plain(fact).toLowerCase())),
    calls: inputs.length,
  };
}
