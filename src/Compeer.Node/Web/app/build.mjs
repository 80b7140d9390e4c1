// Builds the page, byte for byte the same from the same sources: node build.mjs [FOLDER], into ../assets if none is named.
import { build } from 'esbuild'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const target = process.argv[2] ?? join(here, '../assets')
await mkdir(target, { recursive: true })
await build({
  absWorkingDir: here,
  entryPoints: { app: 'src/main.tsx', theme: 'src/theme.ts' },
  outdir: target,
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['chrome110', 'firefox115', 'safari16'],
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: '/* Compeer. Bundles preact, @preact/signals and qrcode-generator (MIT): docs/licences.md */' },
  logLevel: 'warning',
})
for (const name of ['index.html', 'icon.svg'])
  await copyFile(join(here, 'src', name), join(target, name))
