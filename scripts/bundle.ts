import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildFunctions } from './bundle/build.ts'
import { zip } from './bundle/zip.ts'

/**
 * `npm run bundle`: everything that is deployed, in dist/functions and, as the archive that Terraform uploads, in
 * dist/functions.zip. The same sources give the same bytes, so nothing is deployed again that did not change.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

const files = await buildFunctions(root)
rmSync(dist, { recursive: true, force: true })
for (const { path, content } of files) {
  const file = join(dist, 'functions', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
const archive = zip(files)
writeFileSync(join(dist, 'functions.zip'), archive)
const bytes = files.reduce((sum, { content }) => sum + content.length, 0)
console.log(
  `dist/functions: ${files.length} files, ${megabytes(bytes)}; dist/functions.zip: ${megabytes(archive.length)}`,
)

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(2)} MB`
}
