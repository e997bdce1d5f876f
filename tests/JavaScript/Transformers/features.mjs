// The features of an image by a folder that 'onefractal export --for huggingface' wrote: node features.mjs FOLDER IMAGE
import { basename, dirname } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';

const [folder, image] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = dirname(folder);
const extract = await pipeline('image-feature-extraction', basename(folder), { dtype: 'fp32', device: 'cpu' });
console.log(JSON.stringify([...(await extract(image, { pool: true })).data]));
