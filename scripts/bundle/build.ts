import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import { z } from 'zod'
import { dashboardFiles } from '../../functions/dashboard.ts'
import { namedExports, slimVendors } from './vendor.ts'
import type { ZipEntry } from './zip.ts'

/** The oldest Node that the functions run on; `nodejs22` is the oldest runtime that infra offers. */
const target = 'node22'

const common = {
  bundle: true,
  platform: 'node',
  target,
  // Not the names: stack traces are to be read, and esbuild's way to keep them costs 60 ms at every start.
  minifySyntax: true,
  minifyWhitespace: true,
  // An uncaught error prints the line that threw.
  lineLimit: 400,
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
      // Parsing costs as much as running: with ES modules a part that is imported when needed is a file of its own.
      format: 'esm',
      splitting: true,
      outdir: root,
      outExtension: { '.js': '.mjs' },
      banner: { js: commonJsNames },
      external: [framework],
      plugins: [slimVendors(computeServices(root)), namedExports],
    }),
    // CommonJS, because the framework asks `require` for the function's file.
    build({ ...common, format: 'cjs', stdin: { contents: hostSource, resolveDir: root, loader: 'js' } }),
  ])
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'node_modules', framework, 'package.json'), 'utf8')))
  return [
    ...functions.outputFiles.map(({ path, contents }) => ({ path: relative(root, path), content: contents })),
    ...dashboardFiles.map((file) => ({
      path: `dashboard/${file}`,
      content: readFileSync(join(root, 'functions/dashboard', file)),
    })),
    { path: 'package.json', content: json(functionsPackage) },
    { path: 'package-lock.json', content: json(lockFile(version)) },
    { path: 'functions-framework/index.cjs', content: first(host.outputFiles).contents },
    { path: 'functions-framework/main.cjs', content: Buffer.from(mainSource) },
    { path: 'functions-framework/package.json', content: json(frameworkPackage(version)) },
  ]
}

/** What CommonJS modules of the vendors ask for and ES modules have not. */
const commonJsNames = [
  "import { createRequire as requireFrom } from 'node:module'",
  'const require = requireFrom(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename',
].join(';')

/** Importing the framework must not start it; its `main` module does so when it is loaded. */
const hostSource = `
export { http } from '${framework}'
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
  main: 'index.mjs',
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

function first<T>(items: readonly T[]): T {
  const [item] = items
  if (item === undefined) throw new Error('esbuild wrote nothing')
  return item
}

function json(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}
