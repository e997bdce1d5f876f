// Runs a job of 'onefractal verify' on any binding of ONNX Runtime: 'open' makes a session, 'read' gives the bytes of a file of the job's folder, 'write' takes those of a result.
export async function runJob(ort, open, read, write) {
  try {
    const job = JSON.parse(new TextDecoder().decode(await read('job.json')));
    const session = await open(job, { logSeverityLevel: 4, ...(job.threads ? { intraOpNumThreads: job.threads } : {}) });
    const outputs = [];
    for (const batch of job.batches) {
      const feeds = {};
      for (const { name, dims, file, type } of batch) {
        const bytes = (await read(file)).slice();
        feeds[name] = new ort.Tensor(type, type === 'uint8' ? bytes : new Float32Array(bytes.buffer), dims);
      }
      const results = await session.run(feeds);
      for (const name of session.outputNames) {
        const { type, dims, data } = results[name];
        if (type !== 'float32') throw new Error(`its output '${name}' is ${type}, not float32`);
        const file = `out-${outputs.length}.bin`;
        await write(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        outputs.push({ name, dims: Array.from(dims, Number), file, type });
      }
    }
    await finish(write, { outputs });
  } catch (e) {
    await finish(write, { error: String(e?.message ?? e) });
  }
}

// Says that there is no ONNX Runtime to run the job on.
export const notHere = (write, problem) => finish(write, { error: `not here: ${problem}`, unavailable: true });

const finish = (write, result) => write('result.json', new TextEncoder().encode(JSON.stringify(result)));
