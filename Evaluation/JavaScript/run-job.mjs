// Runs a job of 'onefractal verify' on any binding of ONNX Runtime: 'read' gives the bytes of a file of the job's folder, 'write' takes those of a result.
export async function runJob(ort, model, options, read, write) {
  try {
    const job = JSON.parse(new TextDecoder().decode(await read('job.json')));
    const session = await ort.InferenceSession.create(await model(job), { ...options, logSeverityLevel: 4, ...(job.threads ? { intraOpNumThreads: job.threads } : {}) });
    const outputs = [];
    for (const [index, batch] of job.batches.entries()) {
      const feeds = {};
      for (const { name, dims, file } of batch) feeds[name] = new ort.Tensor('float32', new Float32Array((await read(file)).slice().buffer), dims);
      const { type, dims, data } = (await session.run(feeds))[session.outputNames[0]];
      if (type !== 'float32') throw new Error(`its output is ${type}, not float32`);
      const file = `out-${index}.bin`;
      await write(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      outputs.push({ dims: Array.from(dims, Number), file });
    }
    await write('result.json', new TextEncoder().encode(JSON.stringify({ outputs })));
  } catch (e) {
    await write('result.json', new TextEncoder().encode(JSON.stringify({ error: String(e?.message ?? e) })));
  }
}
