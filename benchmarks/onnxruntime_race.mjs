// What an exported explanation costs in ONNX Runtime, over the network alone:
//
//   node onnxruntime_race.mjs EXPLAINED.onnx NETWORK.onnx [--modules FOLDER] [--rounds 9] [--threads 2] [--batches 1,8]
//
// Both must give the same scores first; then they take turns, and the ratio of their median times is printed. FOLDER has onnxruntime-node in its
// node_modules; tests/exported does once the tests have been set up. Networks take 1 x C x H x W pictures, of the size that the explanation was exported for.
import {createRequire} from 'node:module';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

const {positionals: [explained, plain], values} = parseArgs({
  allowPositionals: true,
  options: {
    modules: {type: 'string', default: join(dirname(fileURLToPath(import.meta.url)), '../tests/exported')},
    rounds: {type: 'string', default: '9'},
    threads: {type: 'string', default: '2'},
    batches: {type: 'string', default: '1,8'},
  },
});
const ort = createRequire(join(resolve(values.modules), 'x.js'))('onnxruntime-node');
const options = {intraOpNumThreads: Number(values.threads), interOpNumThreads: 1};
const [whole, network] = await Promise.all([explained, plain].map((file) => ort.InferenceSession.create(file, options)));

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
const timed = async (work) => {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
};

for (const batch of values.batches.split(',').map(Number)) {
  const input = whole.inputMetadata.find(({name}) => name !== 'target');
  const shape = [batch, ...input.shape.slice(1)];
  const numbers = Float32Array.from({length: shape.reduce((a, b) => a * b)}, () => 4 * Math.random() - 2);
  const picture = new ort.Tensor('float32', numbers, shape);
  const target = new ort.Tensor('int64', BigInt64Array.from({length: batch}, () => 1n), [batch]);
  const explain = () => whole.run({[input.name]: picture, target});
  const classify = () => network.run({[network.inputNames[0]]: picture});
  const actual = (await explain())[whole.outputNames[0]].data, expected = (await classify())[network.outputNames[0]].data;
  const error = Math.sqrt(expected.reduce((sum, x, i) => sum + (x - actual[i]) ** 2, 0) / expected.reduce((sum, x) => sum + x * x, 0));
  if (!(error <= 1e-4)) throw new Error(`the scores differ by ${error}: these are not the same networks`);
  const times = {explain: [], classify: []};
  for (let round = 0; round < Number(values.rounds); ++round)
    for (const [name, work] of round % 2 ? [['explain', explain], ['classify', classify]] : [['classify', classify], ['explain', explain]])
      times[name].push((await timed(work))[0]);
  console.log(`batch ${batch}: scores equal (${error.toExponential(1)}); explanation over forward pass ${(median(times.explain) / median(times.classify)).toFixed(2)}`);
}
