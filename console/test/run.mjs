// Runs the unit tests with Node's own runner; TypeScript goes through esbuild, which vite brings. The last line is the
// one that the project's suites end with.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'palmetto-console-'));
const files = readdirSync(here).filter((f) => f.endsWith('.test.ts'));
await build({ entryPoints: files.map((f) => join(here, f)), outdir: out, outExtension: { '.js': '.mjs' }, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });

let passed = 0;
let failed = 0;
const stream = run({ files: files.map((f) => join(out, f.replace(/\.ts$/, '.mjs'))), concurrency: 1 });
stream.on('test:pass', (e) => (passed += e.details.type === 'suite' ? 0 : 1));
stream.on('test:fail', (e) => {
  failed++;
  console.log(`FAIL ${e.name}: ${e.details.error.cause?.message ?? e.details.error.message}`);
});
stream.on('end', () => {
  rmSync(out, { recursive: true });
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exitCode = failed > 0 ? 1 : 0;
});
stream.resume();
