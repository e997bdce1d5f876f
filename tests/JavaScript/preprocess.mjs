// node preprocess.mjs PREPROCESSING CASES: makes a model's input of raw pixels with the script of the web page, for each case of a JSON file.
import { readFileSync, writeFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

const [script, cases] = process.argv.slice(2);
const preprocessing = runInThisContext(readFileSync(script, 'utf8') + '\npreprocessing');
for (const { pixels, width, height, config, input } of JSON.parse(readFileSync(cases, 'utf8')))
  writeFileSync(input, preprocessing.apply(readFileSync(pixels), width, height, config));
