// Runs ONNX files in ONNX Runtime and compares what they give with what is expected.
//
//   node compare.mjs FOLDER MODULES [THREADS]
//
// MODULES is a folder with onnxruntime-node in its node_modules. Several threads run all cases at once, each with a
// session of its own and beginning with another case. FOLDER holds cases.json, a list of
//   {"name", "network", "inputs": {NAME: {"dims", "file", "integers"}}, "outputs": {NAME: {"dims", "file"}}, "tolerance", "fails"}
// whose files are float32 numbers in the machine's order. One line per case and thread; the exit code is 1 where one is not as expected.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join, resolve} from 'node:path';
import {isMainThread, Worker, workerData} from 'node:worker_threads';

const [folder, modules, threads] = process.argv.slice(2);
const ort = createRequire(join(resolve(modules), 'x.js'))('onnxruntime-node');

const numbersIn = (file) => {
  const bytes = readFileSync(join(folder, file));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};

const tensorOf = ({dims, file, integers}) => {
  const numbers = numbersIn(file);
  return integers ? new ort.Tensor('int64', BigInt64Array.from(numbers, (x) => BigInt(x)), dims) : new ort.Tensor('float32', numbers, dims);
};

/// The L2 norm of the difference over that of what is expected; a zero that is expected must be one.
const relativeError = (actual, expected) => {
  let apart = 0, scale = 0;
  for (let i = 0; i < expected.length; ++i) {
    apart += (actual[i] - expected[i]) ** 2;
    scale += expected[i] ** 2;
  }
  return Math.sqrt(apart) / (scale === 0 ? 1 : Math.sqrt(scale));
};

const sessions = new Map();
const sessionOf = async (network) => {
  if (!sessions.has(network)) sessions.set(network, await ort.InferenceSession.create(join(folder, network), {logSeverityLevel: 3}));
  return sessions.get(network);
};

const run = async ({network, inputs, outputs, tolerance, fails}) => {
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)]));
  let results;
  try {
    results = await (await sessionOf(network)).run(feeds);
  } catch (failure) {
    return fails ? '' : `it failed: ${failure.message}`;
  }
  if (fails) return 'it was to fail, and did not';
  for (const [name, {dims, file}] of Object.entries(outputs)) {
    const actual = results[name];
    if (!actual) return `there is no ${name}`;
    if (actual.dims.join() !== dims.join()) return `${name} is of ${actual.dims}, not of ${dims}`;
    const error = relativeError(actual.data, numbersIn(file));
    if (!(error <= tolerance)) return `${name} differs by ${error.toExponential(2)}, more than ${tolerance}`;
  }
  return '';
};

const runAll = async (first) => {
  const cases = JSON.parse(readFileSync(join(folder, 'cases.json')));
  let bad = 0;
  for (let i = 0; i < cases.length; ++i) {
    const one = cases[(first + i) % cases.length];
    const fault = await run(one);
    bad += fault !== '';
    console.log(`${fault === '' ? 'ok' : 'BAD'} ${one.name}${fault === '' ? '' : ': ' + fault}`);
  }
  return bad === 0 ? 0 : 1;
};

if (isMainThread && threads > 1) {
  for (let first = 0; first < threads; ++first)
    new Worker(new URL(import.meta.url), {argv: [folder, modules], workerData: first}).on('exit', (code) => {
      if (code !== 0) process.exitCode = 1;
    });
} else {
  process.exit(await runAll(isMainThread ? 0 : workerData));
}
