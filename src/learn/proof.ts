// Whether a forgotten memory is gone: it is asked for in every wording there is, and compared with what the base model alone
// answers. Not here: forgetting (brain.ts).
import type { Generator } from '../inference/index.js';
import { ask, roomFor } from './asking.js';
import type { Lesson } from './lessons/index.js';
import { probesOf } from './remembered.js';
import { usesOf, type Route, type Router } from '../gate/index.js';
import { says } from '../brain/index.js';
import type { ForgottenProof, Memory } from '../brain/index.js';

export interface ProofOptions {
  onProgress?: ((progress: { done: number; of: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Asks for a memory that is forgotten, as a person would, and counts the answers that still say it. */
export async function proveForgotten(
  { router, generator }: { router: Router; generator: Generator },
  memory: Pick<Memory, 'text' | 'question' | 'answer'>,
  { onProgress, signal }: ProofOptions = {},
): Promise<ForgottenProof> {
  const tells = async ({ question, answer, expected }: Lesson, route?: Route): Promise<boolean> => {
    const options = { maxTokens: roomFor(generator, answer), ...(route ? usesOf(route) : {}), signal };
    return says((await ask(generator, question, options)).text, expected);
  };
  const proof: ForgottenProof = { asked: 0, recalled: 0, base: 0, toldBy: [] };
  const probes = probesOf(memory);
  for (const probe of probes) {
    onProgress?.({ done: proof.asked, of: probes.length });
    const route = await router.route([{ role: 'user', content: probe.question }], undefined, signal);
    const base = await tells(probe);
    // Where nothing is switched on the answer is the base model's, to the last bit.
    const recalled = route.adapters.length === 0 ? base : await tells(probe, route);
    proof.asked++;
    if (base) proof.base++;
    if (recalled) proof.recalled++;
    if (recalled && !base) for (const { id } of route.matches) if (!proof.toldBy.includes(id)) proof.toldBy.push(id);
  }
  return proof;
}
