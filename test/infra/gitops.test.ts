import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../examples/gitops/publish.sh', import.meta.url))

/** Stands for gcloud: keeps the marker in a file and writes down what is published. */
const gcloud = `#!/bin/sh
case "$1 $2" in
  "pubsub topics") shift 4; echo "$*" >> "$WORLD/published" ;;
  "storage ls") test -e "$WORLD/marker" ;;
  "storage cat") cat "$WORLD/marker" ;;
  "storage cp") cat > "$WORLD/marker" ;;
esac
`
let world: string
let repository: string

beforeEach(() => {
  world = mkdtempSync(join(tmpdir(), 'mci-gitops-'))
  repository = join(world, 'repository')
  mkdirSync(join(repository, 'ingresses'), { recursive: true })
  mkdirSync(join(world, 'bin'))
  writeFileSync(join(world, 'bin/gcloud'), gcloud)
  chmodSync(join(world, 'bin/gcloud'), 0o755)
  git('init', '-q')
})
afterEach(() => rmSync(world, { recursive: true, force: true }))

function git(...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: repository })
}
function commit(files: Record<string, string | null>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(repository, 'ingresses', name)
    if (text === null) rmSync(file)
    else writeFileSync(file, text)
  }
  git('add', '-A')
  git('commit', '-q', '-m', 'change')
}
function publish(): { status: number | null; published: string[]; said: string } {
  const log = join(world, 'published')
  rmSync(log, { force: true })
  const { status, stderr } = spawnSync('bash', [script, 'topic', 'gs://bucket/marker'], {
    cwd: repository,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(world, 'bin')}:${process.env['PATH'] ?? ''}`, WORLD: world },
  })
  const published = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  return { status, published, said: stderr }
}

it('publishes everything at first, and withdraws nothing', () => {
  commit({ 'default.web.yaml': 'kind: Ingress' })
  expect(publish()).toMatchObject({ status: 0, published: ['--message=kind: Ingress'] })
})
it('withdraws what was deleted or renamed since, once', () => {
  commit({ 'default.web.yaml': 'a', 'shop.cart.yaml': 'b' })
  publish()
  commit({ 'default.web.yaml': null, 'shop.cart.yaml': null, 'shop.basket.yaml': 'b' })
  expect(publish().published).toEqual([
    '--message=b',
    '--attribute=action=delete,namespace=default,name=web',
    '--attribute=action=delete,namespace=shop,name=cart',
  ])
  expect(publish().published).toEqual(['--message=b'])
})
it('withdraws nothing by guess when the history was rewritten', () => {
  commit({ 'default.web.yaml': 'a' })
  writeFileSync(join(world, 'marker'), '0123456789012345678901234567890123456789\n')
  const { status, published, said } = publish()
  expect({ status, published }).toEqual({ status: 1, published: ['--message=a'] })
  expect(said).toContain('not in this history')
})
