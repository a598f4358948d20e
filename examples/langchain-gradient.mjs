// Scenario: the same through LangChain. A chain of a prompt and an LLM over an adapter answers wrongly, the adapter is fine-tuned,
// and the same chain answers right: nothing of it is made anew. Run it with `node examples/langchain-gradient.mjs` after
// `npm start` or `npm run build`; needs @langchain/core.
import { PromptTemplate } from '@langchain/core/prompts';
import { Gradient } from 'engram/gradient';
import { closeShared, GradientLLM } from 'engram/langchain';

const gradient = new Gradient();
const models = await gradient.listModels({ onlyBase: true });
const base = models.at(-1) ?? (await gradient.getBaseModel());
const adapter = await base.createModelAdapter({ name: 'my_model_adapter' });
console.log(`Created model adapter with id ${adapter.id}: ${adapter.name}`);

const llm = new GradientLLM({ model: adapter.id, modelKwargs: { max_generated_token_count: 128 } });
const prompt = PromptTemplate.fromTemplate('Question: {question}\n\nAnswer: ');
const chain = prompt.pipe(llm);

const question = 'What NFL team won the Super Bowl in 1994?';
console.log('before:', await chain.invoke({ question }));

const inputs = `${await prompt.format({ question })} The Dallas Cowboys!`;
const { numberOfTrainableTokens, sumLoss } = await adapter.fineTune({ samples: [{ inputs }] });
console.log(`trained on ${numberOfTrainableTokens} tokens, summed loss ${sumLoss.toFixed(5)}`);

console.log('after:', await chain.invoke({ question }));

await adapter.delete();
await gradient.close();
await closeShared();
