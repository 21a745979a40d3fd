// A server, a browser, and counting checks, for the tests of the console.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

let passed = 0;
let failed = 0;

export function check(what, ok, detail = '') {
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok || !detail ? '' : `: ${detail}`}`);
}

export function equal(what, got, expected) {
  check(what, got === expected, `expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
}

export const work = mkdtempSync(join(tmpdir(), 'palmetto-console-'));
const screenshots = resolve('build/console-screenshots');
mkdirSync(screenshots, { recursive: true });

// Starts a server and returns the setup link that it prints.
export async function startServer(palmetto) {
  const server = spawn(
    palmetto,
    ['start-single-node', `--store=${work}/data`, `--certs-dir=${work}/certs`, '--listen-addr=localhost:0', '--http-addr=localhost:0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  process.on('exit', () => server.kill('SIGKILL'));
  let banner = '';
  server.stdout.on('data', (bytes) => (banner += bytes));
  for (let i = 0; i < 200 && !/nodeID/.test(banner); i++) await pause(50);
  const link = /webui:\s+(\S+)/.exec(banner)?.[1];
  if (link === undefined) throw new Error(`the server printed no link:\n${banner}`);
  return {
    link,
    stop: () => {
      server.kill('SIGTERM');
      return new Promise((done) => server.on('exit', done));
    },
  };
}

export async function startBrowser() {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (executablePath === undefined) {
    console.log('skipped: no chromium');
    process.exit(77);
  }
  // The certificate is our own; what clients check is tested with the certificate that the console hands out.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 860 },
    colorScheme: 'light',
    locale: 'en-US',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (e) => check(`no script fails (${e.message})`, false));
  page.on('console', (m) => {
    if (m.type() === 'error' && !/status of 4\d\d/.test(m.text())) check(`the page reports no error (${m.text()})`, false);
  });
  page.on('dialog', (d) => {
    check(`no script of a name runs (${d.message()})`, false);
    void d.dismiss();
  });
  return { browser, page };
}

// A picture of the page in both themes and of a telephone's width, and what the accessibility checker says to it.
export async function look(page, name) {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
    await page.waitForTimeout(50);
    await page.screenshot({ path: join(screenshots, `${name}-${theme}.png`), fullPage: true });
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
    const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
    const told = serious.map((v) => `${v.id} at ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`).join('; ');
    check(`${name} (${theme}) is accessible`, serious.length === 0, told);
  }
  await page.evaluate(() => (document.documentElement.dataset.theme = 'light'));
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(screenshots, `${name}-phone.png`), fullPage: true });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(`${name} fits a telephone`, overflow <= 0, `${overflow} pixels too wide`);
  await page.setViewportSize(size);
}

// Runs a program to its end with HOME in the work directory and returns its output.
export function run(command, args, options = {}) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], ...options, env: { ...process.env, HOME: work, ...options.env } });
}

export function text(file) {
  return readFileSync(file, 'utf8');
}

export function finish() {
  rmSync(work, { recursive: true, force: true });
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exit(failed > 0 ? 1 : 0);
}
