// The page: a picture comes in, the network says what it sees, and for the class that is clicked, why.
import * as ort from './ort.wasm.bundle.min.mjs';
import {overlay, signedMap, softmax, tensorOf} from './pictures.mjs';

ort.env.wasm.numThreads = 1;  // more would ask the server for headers that a plain one does not send

const element = (id) => document.getElementById(id);
const say = (text) => { element('status').textContent = text; };
/// Lets the browser draw what was said before it computes.
const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

const shownClasses = 5;
let network;  // {session, settings, input, size, scores}
let seen;     // the picture that is explained: {canvas, numbers}

const load = async () => {
  say('Loading the network …');
  const [settings, session] = await Promise.all([
    fetch('network.json').then((answer) => answer.json()),
    ort.InferenceSession.create('network.onnx'),
  ]);
  const input = session.inputMetadata.find(({name}) => name !== 'target');
  const [, channels, height, width] = input.shape;
  if (channels !== settings.mean.length) throw new Error(`the network takes ${channels} channels and network.json names ${settings.mean.length}`);
  network = {session, settings, input: input.name, size: {height, width}, scores: session.outputNames[0]};
  say('Drop a picture here, or choose one.');
};

const run = (target, outputs) => {
  const {height, width} = network.size;
  return network.session.run({
    [network.input]: new ort.Tensor('float32', seen.numbers, [1, network.settings.mean.length, height, width]),
    target: new ort.Tensor('int64', BigInt64Array.of(BigInt(target)), [1]),
  }, outputs);
};

const nameOf = (number) => network.settings.labels[number] ?? `class ${number}`;

const show = (id, canvas) => element(id).querySelector('div').replaceChildren(canvas);

const explain = async (number) => {
  for (const button of element('classes').children) button.setAttribute('aria-pressed', String(button.dataset.number === String(number)));
  say(`Explaining “${nameOf(number)}” …`);
  await drawn();
  const {height, width} = network.size, channels = network.settings.mean.length;
  const {grad_cam: cam, guided_grad_cam: guided} = await run(number, ['grad_cam', 'guided_grad_cam']);
  globalThis.explanation = {input: seen.numbers, number, cam: cam.data, guided: guided.data};  // for the console
  show('grad-cam', overlay(seen.canvas, cam.data, height, width));
  show('guided-grad-cam', signedMap(guided.data, channels, height, width));
  say(`Why “${nameOf(number)}”. Choose another class, or another picture.`);
};

const classify = async (file) => {
  say('Looking at the picture …');
  await drawn();
  const picture = await createImageBitmap(file).catch(() => { throw new Error(`“${file.name}” is no picture that this browser can read`); });
  seen = tensorOf(picture, network.size, network.settings);
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [network.size.width, network.size.height];
  copy.getContext('2d').drawImage(seen.canvas, 0, 0);
  show('picture', copy);
  // Runtimes compute all outputs, whichever are asked for: this run explains class 0 in passing.
  const probabilities = softmax((await run(0, [network.scores]))[network.scores].data);
  const best = probabilities.map((probability, number) => ({probability, number})).sort((a, b) => b.probability - a.probability).slice(0, shownClasses);
  element('classes').replaceChildren(...best.map(({probability, number}) => {
    const button = document.createElement('button');
    button.dataset.number = number;
    button.textContent = `${nameOf(number)} — ${(100 * probability).toFixed(1)} %`;
    button.onclick = () => guarded(() => explain(number));
    return button;
  }));
  await explain(best[0].number);
};

/// One thing at a time, and a fault is said.
let busy = Promise.resolve();
const guarded = (work) => {
  busy = busy.then(work).catch((fault) => say(`That failed: ${fault.message}`));
  return busy;
};

const take = (files) => { if (files.length && network) guarded(() => classify(files[0])); };
element('file').onchange = ({target}) => take(target.files);
document.ondragover = (event) => event.preventDefault();
document.ondrop = (event) => {
  event.preventDefault();
  take(event.dataTransfer.files);
};
guarded(load);
