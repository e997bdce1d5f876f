// node node.mjs PACKAGES JOB: runs the job of a folder with the onnxruntime-node of PACKAGES/node_modules.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runJob } from './run-job.mjs';

const [packages, folder] = process.argv.slice(2);
const ort = createRequire(join(packages, 'package.json'))('onnxruntime-node');
const write = (name, bytes) => {
  writeFileSync(join(folder, name + '.partial'), bytes);
  renameSync(join(folder, name + '.partial'), join(folder, name));
};
// Opened by its path, because its weights may be in files beside it.
await runJob(ort, job => job.model, {}, name => new Uint8Array(readFileSync(join(folder, name))), write);
