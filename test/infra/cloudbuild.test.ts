import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { smokeTest, type Deployed } from '../../scripts/smoke-test/check.ts'

const root = new URL('../../', import.meta.url)
const text = readFileSync(new URL('cloudbuild.yaml', root), 'utf8')

/** Fields as the Cloud Build API v1 has them (Build, BuildStep, BuildOptions); what we have no use for is not listed. */
const build = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        dir: z.string().optional(),
        entrypoint: z.string().optional(),
        args: z.array(z.string()),
        env: z.array(z.string()).optional(),
        waitFor: z.array(z.string()).optional(),
        timeout: z
          .string()
          .regex(/^\d+s$/)
          .optional(),
      }),
    )
    .min(1),
  substitutions: z.record(z.string().regex(/^_[A-Z0-9_]+$/), z.string()),
  timeout: z.string().regex(/^\d+s$/),
  options: z.strictObject({
    logging: z.enum(['LEGACY', 'GCS_ONLY', 'STACKDRIVER_ONLY', 'CLOUD_LOGGING_ONLY', 'NONE']),
    machineType: z.enum(['UNSPECIFIED', 'N1_HIGHCPU_8', 'N1_HIGHCPU_32', 'E2_HIGHCPU_8', 'E2_HIGHCPU_32', 'E2_MEDIUM']),
    substitutionOption: z.enum(['MUST_MATCH', 'ALLOW_LOOSE']),
  }),
})

describe('cloudbuild.yaml', () => {
  const config = build.parse(parse(text))

  it('has a step for each stage, in this order', () => {
    expect(config.steps.map(({ id }) => id)).toEqual([
      'settings',
      'install',
      'verify',
      'bundle',
      'init',
      'plan',
      'apply',
      'smoke-test',
    ])
  })
  it('declares every substitution that it uses, and uses every one that it declares', () => {
    // $${...} is the shell's own.
    const used = new Set([...text.matchAll(/(?<!\$)\$\{(\w+)\}/g)].map(([, name = '']) => name))
    used.delete('PROJECT_ID')
    expect([...used].sort()).toEqual(Object.keys(config.substitutions).sort())
  })
  it('leaves no variable of a shell to Cloud Build', () => {
    expect([...text.matchAll(/(?<!\$)\$(?!\{|\$)/g)]).toEqual([])
  })
  it('pins the images by version', () => {
    const images = config.steps.map(({ name }) => config.substitutions[name.replace(/^\$\{(\w+)\}$/, '$1')] ?? name)
    expect(images.filter((image) => !/:\d+\.\d+\.\d+/.test(image))).toEqual([])
  })
  it('runs the Node that the project brings', () => {
    const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
      devDependencies: Record<string, string>
    }
    expect(config.substitutions['_NODE_IMAGE']).toContain(`:${manifest.devDependencies['node'] ?? ''}-`)
  })
  it('calls scripts and folders that are there', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
      scripts: Record<string, string>
    }
    for (const { args, entrypoint, dir } of config.steps) {
      if (entrypoint === 'npm' && args[0] === 'run') expect(Object.keys(scripts)).toContain(args[1])
      if (dir !== undefined) expect(existsSync(new URL(dir, root))).toBe(true)
      for (const [, script = ''] of args.join(' ').matchAll(/node (scripts\/[\w./-]+)/g))
        expect(existsSync(new URL(script, root)), script).toBe(true)
    }
  })
})

describe('the smoke test', () => {
  const works = (more: Partial<Deployed> = {}): Deployed => ({
    publish: () => Promise.resolve('m1'),
    get: (path) => Promise.resolve(path.startsWith('/api/dead-letters/') ? 404 : 200),
    logged: (message, trace) => Promise.resolve(message === 'manifest is valid' && trace === 'm1'),
    sleep: () => Promise.resolve(),
    ...more,
  })
  it('is content with a deployment that works', async () => {
    expect(await smokeTest(works(), 'manifest')).toBeUndefined()
  })
  it('waits for the function', async () => {
    let looks = 0
    expect(await smokeTest(works({ logged: () => Promise.resolve((looks += 1) > 5) }), 'manifest')).toBeUndefined()
  })
  it.each([
    ['the status API is closed', { get: () => Promise.resolve(403) }, 'answered 403'],
    ['the message is refused', { get: () => Promise.resolve(200) }, 'dead letter'],
    ['no function works on it', { logged: () => Promise.resolve(false) }, 'no function said within 120 s'],
  ])('says when %s', async (_reason, more, complaint) => {
    expect(await smokeTest(works(more), 'manifest')).toContain(complaint)
  })
  it('only validates', async () => {
    let asked: unknown
    await smokeTest(
      works({ publish: (_text, attributes) => Promise.resolve(((asked = attributes), 'm1')) }),
      'manifest',
    )
    expect(asked).toEqual({ action: 'validate' })
  })
})
