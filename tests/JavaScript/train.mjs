// Trains a file that 'onefractal export --train-step' wrote:
//   node train.mjs STEP.onnx IMAGES TARGETS STEPS TRAINED.safetensors
// IMAGES and TARGETS are raw float32: normalised images [count, channels, height, width], and the probabilities of their classes [count, classes].
import { readFileSync, writeFileSync } from 'node:fs';
import ort from 'onnxruntime-node';

const [file, imageFile, targetFile, steps, trained] = process.argv.slice(2);
const floats = path => new Float32Array(new Uint8Array(readFileSync(path)).buffer);
const [allImages, allTargets] = [floats(imageFile), floats(targetFile)];

// <sample>
const session = await ort.InferenceSession.create(file);
const input = Object.fromEntries(session.inputMetadata.map(i => [i.name, i]));
const size = shape => shape.reduce((a, b) => a * b, 1);
const scalar = (type, value) => new ort.Tensor(type, [value], []);

// The state: what comes out as next.X goes in as X. At first zeros, and 'restart' takes the weights from the file.
const state = {};
for (const { name, shape } of session.inputMetadata)
  if (session.outputNames.includes('next.' + name))
    state[name] = new ort.Tensor('float32', new Float32Array(size(shape)), shape);

for (let step = 0; step < steps; step++) {
  const results = await session.run({
    ...state,
    images: new ort.Tensor('float32', batch(allImages, input.images, step), input.images.shape),
    targets: new ort.Tensor('float32', batch(allTargets, input.targets, step), input.targets.shape),
    learning_rate: scalar('float32', 1e-3),
    step: scalar('int64', BigInt(step)),
    seed: scalar('int64', BigInt(step)),
    restart: scalar('bool', step === 0),
  });
  for (const name in state) state[name] = results['next.' + name];
  console.log(results.loss.data[0]);
}

writeFileSync(trained, safetensors(state));
// </sample>

// The next rows of the data, from the start again where it ends.
function batch(values, { shape }, step) {
  const length = size(shape), count = values.length / length;
  return values.subarray((step % count) * length, (step % count + 1) * length);
}

// The safetensors format: length of the header, a JSON header, and the values one after the other.
function safetensors(tensors) {
  const header = {}, data = [];
  let end = 0;
  for (const [name, { data: values, dims }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [end, end += values.byteLength] };
    data.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const json = Buffer.from(JSON.stringify(header)), length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...data]);
}
