// Classifies an image with a folder that 'onefractal export --for huggingface' wrote: node classify.mjs FOLDER IMAGE DTYPE...
import { basename, dirname } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';

const [folder, image, ...dtypes] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = dirname(folder);
const results = {};
for (const dtype of dtypes) {
  const classify = await pipeline('image-classification', basename(folder), { dtype, device: 'cpu' });
  results[dtype] = await classify(image, { top_k: 5 });
}
console.log(JSON.stringify(results));
