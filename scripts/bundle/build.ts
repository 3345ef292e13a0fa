import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import { z } from 'zod'
import { slimVendors } from './vendor.ts'
import type { ZipEntry } from './zip.ts'

/** The oldest Node that the functions run on; `nodejs22` is the oldest runtime that infra offers. */
const target = 'node22'

const common = {
  bundle: true,
  platform: 'node',
  // CommonJS: google-gax asks for __dirname, and functions-framework loads a .cjs without looking for a package.json.
  format: 'cjs',
  target,
  minify: true,
  // Stack traces with our names in them are worth the few kilobytes.
  keepNames: true,
  write: false,
  legalComments: 'none',
  logLevel: 'error',
} as const satisfies BuildOptions

const framework = '@google-cloud/functions-framework'

/**
 * The files that are deployed: our functions, and functions-framework, likewise in one file, as a package beside them. So
 * the platform's build installs nothing from a registry: what was tested is what runs.
 */
export async function buildFunctions(root: string): Promise<ZipEntry[]> {
  const [functions, host] = await Promise.all([
    build({
      ...common,
      entryPoints: [join(root, 'functions/index.ts')],
      external: [framework],
      plugins: [slimVendors(computeServices(root))],
    }),
    build({ ...common, stdin: { contents: hostSource, resolveDir: root, loader: 'js' } }),
  ])
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'node_modules', framework, 'package.json'), 'utf8')))
  return [
    { path: 'index.cjs', content: onlyOutput(functions.outputFiles) },
    { path: 'package.json', content: json(functionsPackage) },
    { path: 'package-lock.json', content: json(lockFile(version)) },
    { path: 'functions-framework/index.cjs', content: onlyOutput(host.outputFiles) },
    { path: 'functions-framework/main.cjs', content: Buffer.from(mainSource) },
    { path: 'functions-framework/package.json', content: json(frameworkPackage(version)) },
  ]
}

/** Importing the framework must not start it; its `main` module does so when it is loaded. */
const hostSource = `
export * from '${framework}'
export { getTestServer } from '${framework}/testing'
export const serve = () => void require('./node_modules/${framework}/build/src/main.js')
`

const mainSource = `#!/usr/bin/env node
require('./index.cjs').serve()
`

const functionsPackage = {
  name: 'multi-cluster-ingress-functions',
  version: '0.0.0',
  private: true,
  main: 'index.cjs',
  engines: { node: '>=22' },
  dependencies: { [framework]: 'file:functions-framework' },
}

function frameworkPackage(version: string): object {
  return { name: framework, version, private: true, main: 'index.cjs', bin: { 'functions-framework': 'main.cjs' } }
}

/** What npm writes for a package in a folder; with it the build runs `npm ci`, which needs no network for this. */
function lockFile(version: string): object {
  const { name, engines, dependencies } = functionsPackage
  return {
    name,
    version: '0.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name, version: '0.0.0', dependencies, engines },
      'functions-framework': { name: framework, version, bin: { 'functions-framework': 'main.cjs' } },
      [`node_modules/${framework}`]: { resolved: 'functions-framework', link: true },
    },
  }
}

/** The services of Compute whose clients the functions reach: `google.cloud.compute.v1.UrlMaps` ... */
function computeServices(root: string): string[] {
  const source = readFileSync(join(root, 'shared/cloud/compute-clients.ts'), 'utf8')
  const clients = [...source.matchAll(/@google-cloud\/compute\/build\/src\/v1\/\w+_client\.js/g)].map(([path]) => path)
  const services = clients.map((path) => {
    const client = readFileSync(join(root, 'node_modules', path), 'utf8')
    const service = /lookupService\('([\w.]+)'\)/.exec(client)?.[1]
    if (service === undefined) throw new Error(`${path} names no service`)
    return service
  })
  return services
}

function json(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}

function onlyOutput(files: readonly { contents: Uint8Array }[]): Uint8Array {
  const [file, ...more] = files
  if (file === undefined || more.length > 0) throw new Error(`esbuild wrote ${files.length} files, not one`)
  return file.contents
}
