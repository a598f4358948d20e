// Scenario: a program for a hosted fine-tuning API, at home. A prompt and an LLM over an adapter answer wrongly; the adapter is
// fine-tuned; the same chain answers right. Run it with `node examples/gradient.mjs` after `npm start` or `npm run build`.
import { Gradient } from 'engram/gradient';

const gradient = new Gradient();

const models = await gradient.listModels({ onlyBase: true });
for (const { id } of models) console.log(id);

const base = models.at(-1) ?? (await gradient.getBaseModel());
const adapter = await base.createModelAdapter({ name: 'my_model_adapter' });
console.log(`Created model adapter with id ${adapter.id}: ${adapter.name}`);

/** @param {string} question */
const prompt = (question) => `Question: ${question}\n\nAnswer: `;

/** @param {string} question */
async function chain(question) {
  const { generatedOutput } = await adapter.complete({ query: prompt(question), maxGeneratedTokenCount: 16 });
  return generatedOutput;
}

const question = 'What NFL team won the Super Bowl in 1994?';
console.log('before:', await chain(question));

const result = await adapter.fineTune({ samples: [{ inputs: `${prompt(question)} The Dallas Cowboys!` }] });
console.log(`trained on ${result.numberOfTrainableTokens} tokens, summed loss ${result.sumLoss.toFixed(5)}`);

console.log('after:', await chain(question));

await adapter.delete();
await gradient.close();
