import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { referenceText } from '../../scripts/reference/text.ts'
import { environment, events } from '../../scripts/reference/tables.ts'
import { knownAnnotations } from '../../shared/ingress/annotations.ts'

const root = join(import.meta.dirname, '../..')
const reference = readFileSync(join(root, 'docs/reference.md'), 'utf8')
const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(root, folder, file))
const sources = ['shared', 'functions'].flatMap(filesBelow).map((file) => readFileSync(file, 'utf8'))

/** Keys of annotations and labels, whatever they are used for: a domain of Kubernetes, Google or ours, a slash, a name. */
const keys = new Set(
  sources.flatMap((source) =>
    [
      ...source.matchAll(
        /['`"]((?:[a-z0-9-]+\.)*(?:multicluster-ingress\.io|kubernetes\.io|gke\.io|cloud\.google\.com)\/[A-Za-z0-9][A-Za-z0-9._-]*)['`"]/g,
      ),
    ].flatMap(([, key]) => key ?? []),
  ),
)

/** What looks like a key and is the version of an API, or a member of kubemci's JSON in descriptions. */
const notKeys = /^(networking\.gke\.io|cloud\.google\.com)\/v\d+(beta\d+)?$|^kubernetes\.io\/service-(name|port)$/

describe('docs/reference.md', () => {
  it('is as the code has it: node scripts/generate-reference.ts', async () => {
    expect(reference).toBe(await referenceText())
  })

  it('has a row for every annotation and label that the code names', () => {
    expect(keys.size, 'and the search finds some').toBeGreaterThan(25)
    const missing = [...keys].filter((key) => !notKeys.test(key) && !reference.includes(`\`${key}\``))
    expect(missing, 'add a row to shared/ingress/annotations.ts or scripts/reference/tables.ts').toEqual([])
  })

  it('has a row for every variable of the environment, and none that is not read', () => {
    const config = readFileSync(join(root, 'shared/config.ts'), 'utf8')
    const read = [...config.matchAll(/^ {2}([A-Z][A-Z_]+): z/gm)].flatMap(([, name]) => name ?? [])
    expect(read.length).toBeGreaterThan(8)
    expect(environment.map(({ name }) => name).sort()).toEqual(read.sort())
  })

  it('has a row for every reason of an Event', () => {
    const told = sources.flatMap((source) =>
      [...source.matchAll(/reason: (?:'([A-Z]\w+)'|`\$\{does\}(\w+)`)|\['([A-Z]\w+)', `/g)].flatMap(
        ([, whole, end, listed]) =>
          whole ?? listed ?? ['Create', 'Update', 'Delete'].map((does) => `${does}${end ?? ''}`),
      ),
    )
    const reasons = told.filter((reason) => /InCluster|IPChanged|Sync$/.test(reason))
    expect([...new Set(reasons)].sort()).toEqual(events.map(({ name }) => name).sort())
  })

  it('says of every annotation what it means, without it, and whose it is', () => {
    for (const { key, meaning, default: byDefault, source } of knownAnnotations)
      expect(
        [meaning, byDefault, source].map((cell) => cell.length > 0),
        key,
      ).toEqual([true, true, true])
  })
})
