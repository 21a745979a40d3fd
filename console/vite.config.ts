import { defineConfig } from 'vite';

// Served from the server's root, without anything inline, so that the content security policy can forbid it.
// `npm run dev` passes requests for the API on to a server at PALMETTO_URL.
export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: { target: 'es2021', assetsInlineLimit: 0, modulePreload: false, reportCompressedSize: false },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/health', '/_status', '/ca.crt'].map((path) => [
        path,
        { target: process.env.PALMETTO_URL ?? 'https://localhost:8080', secure: false, changeOrigin: true },
      ]),
    ),
  },
});
