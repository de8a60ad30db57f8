// Uses the example page as a person would: chooses a picture, waits, clicks a class.
//
//   node browser.mjs PAGES MODULES PICTURE CLASS RESULTS
//
// PAGES is the folder that is served, MODULES one with playwright-core in its node_modules. RESULTS gets page.png, and as float32 numbers what
// the page computed with and from: input.bin, cam.bin, guided.bin; classes.txt lists the buttons.
import {createReadStream, existsSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {createRequire} from 'node:module';
import {extname, join, normalize, resolve} from 'node:path';

const [pages, modules, picture, label, results] = process.argv.slice(2);
const {chromium} = createRequire(join(resolve(modules), 'x.js'))('playwright-core');

const types = {'.html': 'text/html', '.mjs': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm'};
const server = createServer((request, response) => {
  const path = normalize(new URL(request.url, 'http://localhost').pathname);
  const file = join(pages, path === '/' ? 'index.html' : path);
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, {'content-type': types[extname(file)] ?? 'application/octet-stream'});
  createReadStream(file).pipe(response);
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});
try {
  const page = await browser.newPage({viewport: {width: 1100, height: 760}});
  page.on('pageerror', (fault) => console.error(`the page: ${fault.message}`));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const says = (text) => page.waitForFunction((wanted) => document.getElementById('status').textContent.includes(wanted), text, {timeout: 120000});
  await says('Drop a picture');
  await page.setInputFiles('#file', picture);
  await says('Why “');
  writeFileSync(join(results, 'classes.txt'), (await page.locator('#classes button').allTextContents()).join('\n') + '\n');
  await page.locator('#classes button', {hasText: label}).click();
  await says(`Why “${label}”`);
  for (const part of ['input', 'cam', 'guided']) {
    const numbers = await page.evaluate((name) => Array.from(globalThis.explanation[name]), part);
    writeFileSync(join(results, `${part}.bin`), Buffer.from(Float32Array.from(numbers).buffer));
  }
  await page.screenshot({path: join(results, 'page.png')});
} finally {
  await browser.close();
  server.close();
}
