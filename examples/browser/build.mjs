// Puts the page, an exported network and ONNX Runtime's files into one folder that any static file server can serve.
//
//   npm run build -- NETWORK.onnx LABELS.txt [--mean 0.485,0.456,0.406] [--std 0.229,0.224,0.225] [--output dist]
import {copyFileSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const {positionals, values} = parseArgs({
  allowPositionals: true,
  options: {
    mean: {type: 'string', default: '0.485,0.456,0.406'},
    std: {type: 'string', default: '0.229,0.224,0.225'},
    output: {type: 'string', default: join(here, 'dist')},
  },
});
const [network, labels] = positionals;
if (!network || !labels) {
  console.error('usage: npm run build -- NETWORK.onnx LABELS.txt [--mean NUMBERS] [--std NUMBERS] [--output FOLDER]');
  process.exit(2);
}

const numbers = (text, option) => {
  const list = text.split(',').map(Number);
  if (list.some(Number.isNaN)) throw new Error(`--${option} takes numbers with commas between them, not "${text}"`);
  return list;
};

mkdirSync(values.output, {recursive: true});
const runtime = dirname(createRequire(join(here, 'build.mjs')).resolve('onnxruntime-web'));
for (const file of ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm']) copyFileSync(join(runtime, file), join(values.output, file));
for (const file of ['index.html', 'page.mjs', 'pictures.mjs']) copyFileSync(join(here, file), join(values.output, file));
copyFileSync(network, join(values.output, 'network.onnx'));
writeFileSync(join(values.output, 'network.json'), JSON.stringify({
  labels: readFileSync(labels, 'utf8').split(/\r?\n/).filter((line) => line !== ''),
  mean: numbers(values.mean, 'mean'),
  std: numbers(values.std, 'std'),
}));
console.log(`${values.output} is ready to be served`);
