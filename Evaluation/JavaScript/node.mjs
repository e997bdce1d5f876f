// node node.mjs PACKAGES JOB: runs the job of a folder with the onnxruntime-node of PACKAGES/node_modules.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { notHere, runJob } from './run-job.mjs';

const [packages, folder] = process.argv.slice(2);
const write = (name, bytes) => {
  writeFileSync(join(folder, name + '.partial'), bytes);
  renameSync(join(folder, name + '.partial'), join(folder, name));
};
let ort;
try {
  ort = createRequire(join(packages, 'package.json'))('onnxruntime-node');
} catch (e) {
  await notHere(write, `onnxruntime-node cannot be loaded (${e.message.split('\n')[0]})`);
}
// Opened by its path, because its weights may be in files beside it.
if (ort) await runJob(ort, (job, options) => ort.InferenceSession.create(job.model, options), name => new Uint8Array(readFileSync(join(folder, name))), write);
