import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { zip } from '../../scripts/bundle/zip.ts'

const folder = mkdtempSync(join(tmpdir(), 'mci-zip-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('writes an archive that another program unpacks', () => {
  const big = 'abc'.repeat(100_000)
  writeFileSync(
    join(folder, 'a.zip'),
    zip([
      { path: 'sub/ö.txt', content: Buffer.from(big) },
      { path: 'empty', content: Buffer.alloc(0) },
    ]),
  )
  execFileSync('python3', ['-m', 'zipfile', '-e', 'a.zip', 'out'], { cwd: folder })
  expect(readFileSync(join(folder, 'out/sub/ö.txt'), 'utf8')).toBe(big)
  expect(statSync(join(folder, 'out/empty')).size).toBe(0)
})

it('does not depend on the order of the files', () => {
  const [a, b] = [
    { path: 'a', content: Buffer.from('1') },
    { path: 'b', content: Buffer.from('2') },
  ]
  expect(zip([a, b]).equals(zip([b, a]))).toBe(true)
})
