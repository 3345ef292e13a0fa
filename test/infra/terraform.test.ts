import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { infraRegistryText } from '../../scripts/infra/registry.ts'
import { readConfig } from '../../shared/config.ts'
import { infraFolder, readInfra, textsIn, type Body, type TerraformModule } from './hcl.ts'
import { problemsOf, type BlockSchema } from './schema.ts'

const modules = await readInfra()
const root = modules.find(({ folder }) => folder === '.')
if (root === undefined) throw new Error('infra has no Terraform files')
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const schema = JSON.parse(read('provider-schema.json')) as Record<string, BlockSchema>
const registry = JSON.parse(read('../../infra/registry.json')) as {
  functions: Record<
    string,
    { topic: string | null; delivery: { ackDeadlineSeconds: number } | null; timeoutSeconds: number; identity: string }
  >
  topics: string[]
  identities: Record<string, unknown>
}

it('infra/registry.json is what the code says now (npm run generate-infra)', async () => {
  expect(read('../../infra/registry.json')).toBe(await infraRegistryText())
})

describe('resources', () => {
  const all = modules.flatMap((one) => [
    ...one.resources.map((it) => ({ ...it, key: it.type, where: `${one.folder}/${it.type}.${it.name}` })),
    ...one.data.map((it) => ({ ...it, key: `data.${it.type}`, where: `${one.folder}/data.${it.type}.${it.name}` })),
  ])
  it.each(all.map((one) => [one.where, one] as const))(
    '%s has the names and arguments that the provider knows',
    (where, one) => {
      const known = schema[one.key]
      if (known === undefined)
        throw new Error(`${one.key} is not in provider-schema.json: run generate-provider-schema.ts`)
      expect(problemsOf(where, one.body, known)).toEqual([])
    },
  )
  it('the check sees what is wrong', () => {
    const topic = schema['google_pubsub_topic']
    if (topic === undefined) throw new Error('no schema')
    const wrong: Body = { nmae: 'x', message_storage_policy: [{ regions: [] }], labels: {} }
    expect(problemsOf('t', wrong, topic)).toEqual([
      't: there is no argument or block "nmae"',
      't.message_storage_policy: there is no argument or block "regions"',
      't.message_storage_policy: "allowed_persistence_regions" is missing',
      't: "name" is missing',
    ])
  })
})

/** Names that an expression refers to, by sort. */
function referencesIn(
  one: TerraformModule,
): { sort: 'var' | 'local' | 'module' | 'resource' | 'data'; name: string }[] {
  const expressions = textsIn(one.whole).filter((text) => text.includes('${'))
  return expressions.flatMap((text) => [
    ...[...text.matchAll(/\b(var|local|module)\.(\w+)/g)].map(([, sort = '', name = '']) => ({
      sort: sort as 'var',
      name,
    })),
    ...[...text.matchAll(/\bdata\.(\w+)\.(\w+)/g)].map(([, type = '', name = '']) => ({
      sort: 'data' as const,
      name: `${type}.${name}`,
    })),
    ...[...text.matchAll(/(?<![.\w])(google_\w+)\.(\w+)/g)].map(([, type = '', name = '']) => ({
      sort: 'resource' as const,
      name: `${type}.${name}`,
    })),
  ])
}

describe.each(modules.map((one) => [one.folder, one] as const))('folder %s', (_folder, one) => {
  const declared = {
    var: Object.keys(one.variables),
    local: Object.keys(one.locals),
    module: Object.keys(one.modules),
    data: one.data.map(({ type, name }) => `${type}.${name}`),
    resource: one.resources.map(({ type, name }) => `${type}.${name}`),
  }
  const references = referencesIn(one)

  it('refers to nothing that is not declared', () => {
    expect(references.filter(({ sort, name }) => !declared[sort].includes(name))).toEqual([])
  })
  it('declares no variable or local that nothing uses', () => {
    const used = (sort: string): Set<string> =>
      new Set(references.filter((it) => it.sort === sort).map(({ name }) => name))
    // A variable's own validation is no use of it.
    const outside = JSON.stringify({ ...one, variables: undefined, whole: undefined })
    expect(declared.var.filter((name) => !new RegExp(`var\\.${name}\\b`).test(outside))).toEqual([])
    expect(declared.local.filter((name) => !used('local').has(name))).toEqual([])
  })
  it('says of every variable and output what it is', () => {
    const bare = Object.entries({ ...one.variables, ...one.outputs }).filter(
      ([, it]) => typeof it['description'] !== 'string',
    )
    expect(bare.map(([name]) => name)).toEqual([])
  })
})

it('every module is given the variables that it needs, and no others', () => {
  for (const [name, call] of Object.entries(root.modules)) {
    const source = String(call['source']).replace('./', '')
    const wanted = modules.find(({ folder }) => folder === source)?.variables ?? {}
    const given = Object.keys(call).filter((key) => !['source', 'for_each', 'depends_on'].includes(key))
    expect(
      given.filter((key) => !(key in wanted)),
      `${name} gives`,
    ).toEqual([])
    expect(
      Object.entries(wanted).filter(([key, it]) => !('default' in it) && !given.includes(key)),
      `${name} lacks`,
    ).toEqual([])
  }
})

describe('the registry and what is deployed', () => {
  const texts = textsIn(root.whole)

  it('names topics, functions and identities in infra only if they are there', () => {
    const topics = texts.flatMap((text) =>
      [...text.matchAll(/google_pubsub_topic\.topic\["([\w-]+)"\]/g)].map(([, name]) => name ?? ''),
    )
    const functions = texts.flatMap((text) =>
      [...text.matchAll(/google_cloudfunctions2_function\.function\["([\w-]+)"\]/g)].map(([, name]) => name ?? ''),
    )
    expect(topics.filter((name) => !registry.topics.includes(name))).toEqual([])
    expect(functions.filter((name) => !(name in registry.functions))).toEqual([])
    expect(topics.length * functions.length, 'and the search finds some').toBeGreaterThan(0)
  })
  it('acknowledges after the function had to end, so that no message is worked on twice', () => {
    const late = Object.entries(registry.functions).filter(
      ([, { delivery, timeoutSeconds }]) => delivery !== null && delivery.ackDeadlineSeconds <= timeoutSeconds,
    )
    expect(late).toEqual([])
    expect(
      Object.values(registry.functions).every(({ delivery }) => (delivery?.ackDeadlineSeconds ?? 0) <= 600),
      'Pub/Sub allows 10 minutes',
    ).toBe(true)
  })
  it('gives the functions the environment that they read', () => {
    const body = root.resources.find(({ type }) => type === 'google_cloudfunctions2_function')?.body
    const environment =
      (body as { service_config: { environment_variables: Record<string, string> }[] }).service_config[0]
        ?.environment_variables ?? {}
    const config = readFileSync(new URL('../../shared/config.ts', import.meta.url), 'utf8')
    expect(
      Object.keys(environment).filter((name) => !config.includes(`${name}:`)),
      'set and never read',
    ).toEqual([])
    const values: Record<string, string> = { MCI_LOG_LEVEL: 'info', MCI_CLUSTER_SERVERS: 'https://10.0.0.2' }
    const example = Object.fromEntries(Object.keys(environment).map((name) => [name, values[name] ?? 'x']))
    expect(() => readConfig(example)).not.toThrow()
  })
  it('counts messages that the code logs', () => {
    const counters = root.locals['counters'] as Record<string, { message: string }>
    const sources = execFileSync('grep', ['-rhoE', "'[a-z][^']+'", 'functions', 'shared', '--include=*.ts'], {
      cwd: new URL('../..', import.meta.url),
      encoding: 'utf8',
    })
    const metrics = Object.values(counters).map(({ message }) => message)
    expect(metrics.filter((message) => !sources.includes(`'${message}'`))).toEqual([])
    expect(sources).toContain(`'phase changed'`)
  })
})

const terraform = spawnSync('terraform', ['version'], { encoding: 'utf8' }).status === 0
if (!terraform) {
  if (process.env['MCI_REQUIRE_EVERYTHING']) throw new Error('terraform is missing, and everything is required')
  process.stderr.write('Skipped: terraform fmt; missing is the command terraform.\n')
}
it.skipIf(!terraform)('is formatted as terraform fmt does', () => {
  const { stdout } = spawnSync('terraform', ['fmt', '-check', '-recursive', infraFolder], { encoding: 'utf8' })
  expect(stdout).toBe('')
})
