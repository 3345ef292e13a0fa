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
    { path: 'functions-framework/compile.cjs', content: Buffer.from(compileSource) },
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

/** Compiled code lies beside the framework; what another version of Node compiled is not used and does no harm. */
const compiled = `require('node:path').join(__dirname, 'compiled')`

const mainSource = `#!/usr/bin/env node
require('node:module').enableCompileCache(${compiled})
require('./index.cjs').serve()
`

/**
 * The platform's build runs this where and as the functions will run, so that a cold start finds compiled what it calls: it
 * loads everything and works on two events, in a world where nobody answers. Nothing in it can fail the build.
 */
const compileSource = `const { enableCompileCache } = require('node:module')
const { readdirSync } = require('node:fs')
const { join } = require('node:path')
const nowhere = '127.0.0.1:9'
Object.assign(process.env, {
  GOOGLE_CLOUD_PROJECT: 'build-step',
  MCI_STATE: 'memory',
  MCI_LOG_LEVEL: 'error',
  PUBSUB_EMULATOR_HOST: nowhere,
  COMPUTE_API_ENDPOINT: 'http://' + nowhere,
})
enableCompileCache(${compiled})
const { getTestServer } = require('./index.cjs')

async function receive(name, event) {
  const server = getTestServer(name)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const data = Buffer.from(JSON.stringify(event)).toString('base64')
  const body = JSON.stringify({ message: { messageId: name, data } })
  const headers = { 'content-type': 'application/json' }
  await fetch('http://127.0.0.1:' + server.address().port, { method: 'POST', headers, body })
}

async function load() {
  const folder = join(__dirname, '..')
  await import(join(folder, 'index.mjs'))
  const rest = readdirSync(folder).filter((file) => file.endsWith('.mjs') && file !== 'index.mjs')
  const modules = await Promise.all(rest.map((file) => import(join(folder, file))))
  const { Firestore } = modules.find((one) => typeof one.Firestore === 'function') ?? {}
  const register = { server: 'http://' + nowhere, project: 'build-step' }
  await Promise.allSettled([
    Firestore && new Firestore({ projectId: 'build-step', host: nowhere, ssl: false }).doc('leases/none').get(),
    receive('scheduler-tick', {}),
    receive('cluster-change', { cluster: 'none', register }),
  ])
}

// Calls to nowhere are tried again for seconds; by then everything has been called once.
const enough = new Promise((resolve) => setTimeout(resolve, 3_000))
Promise.race([load(), enough]).catch(() => undefined).then(() => process.exit(0))
`

const functionsPackage = {
  name: 'multi-cluster-ingress-functions',
  version: '0.0.0',
  private: true,
  main: 'index.mjs',
  engines: { node: '>=22' },
  // Cloud Functions' build runs this script after it has installed the packages.
  scripts: { 'gcp-build': 'node functions-framework/compile.cjs' },
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
