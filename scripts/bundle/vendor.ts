import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { Plugin } from 'esbuild'
import { z } from 'zod'
import { trimProtos, type ProtoNode } from './trim-protos.ts'

/**
 * Generated classes for every message. The libraries only hand them on to callers; what they send is built from the JSON
 * of the protos. 2.5 MB of source, and some 60 ms at the first event.
 */
const handedOnOnly =
  /[\\/](?:(?:firestore-api|pubsub-api|pubsub)[\\/]build[\\/]protos[\\/]protos|google-gax[\\/]build[\\/]protos[\\/](?:iam_service|operations|locations))\.js$/

/** The protos of each client library, and what of them is in use beside the services of Compute. */
const clientProtos = /[\\/]@google-cloud[\\/](compute|firestore-api|pubsub-api)[\\/]build[\\/]protos[\\/]protos\.json$/
const usedServices: Readonly<Record<string, readonly string[]>> = {
  'firestore-api': ['google.firestore.v1.Firestore'],
  'pubsub-api': ['google.pubsub.v1.Publisher'],
}

const tree: z.ZodType<ProtoNode> = z.looseObject({})

/** Every language that zod could complain in, and a second HTTP client: the first is never asked for, the second never called. */
const unusedParts = {
  locales: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/,
  // Requests to clusters are built by the vendor and sent by our own transport.
  fetch: /[\\/]client-node[\\/]dist[\\/]gen[\\/]http[\\/]isomorphic-fetch\.js$/,
}

/** Makes the vendors' client libraries small; `services` are those of Compute whose clients are in use. */
export function slimVendors(services: readonly string[]): Plugin {
  return {
    name: 'slim-vendors',
    setup(build) {
      // Firestore takes a class from here when it is loaded, and uses it for pipelines only.
      const empty = 'module.exports = { google: { firestore: { v1: {} } } }'
      build.onLoad({ filter: handedOnOnly }, () => ({ contents: empty, loader: 'js' }))
      build.onLoad({ filter: unusedParts.locales }, () => ({ contents: 'export {}', loader: 'js' }))
      build.onLoad({ filter: unusedParts.fetch }, () => ({
        contents: 'export class IsomorphicFetchHttpLibrary {}',
        loader: 'js',
      }))
      build.onLoad({ filter: clientProtos }, ({ path }) => {
        const library = clientProtos.exec(path)?.[1] ?? ''
        const whole = tree.parse(JSON.parse(readFileSync(path, 'utf8')))
        const trimmed = trimProtos(whole, usedServices[library] ?? services)
        return { contents: lazyJson(JSON.stringify(trimmed)), loader: 'js' }
      })
      build.onLoad({ filter: /[\\/]node_modules[\\/].*\.json$/ }, ({ path }) => ({
        contents: lazyJson(JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))),
        loader: 'js',
      }))
    },
  }
}

/**
 * A CommonJS module that is imported when needed becomes a file of its own, from which esbuild exports nothing but
 * `default`: its names are exported here one by one.
 */
export const namedExports: Plugin = {
  name: 'named-exports',
  setup(build) {
    build.onResolve({ filter: /^(?:@google-cloud\/|google-auth-library$)/ }, ({ path, kind, importer }) =>
      kind === 'dynamic-import' ? { path: createRequire(importer).resolve(path), namespace: 'named-exports' } : null,
    )
    build.onLoad({ filter: /./, namespace: 'named-exports' }, ({ path }) => {
      const names = Object.keys(createRequire(path)(path) as object).filter((name) => name !== 'default')
      const contents = `export const { ${names.join(', ')} } = require(${JSON.stringify(path)})`
      return { contents, loader: 'js', resolveDir: dirname(path) }
    })
  },
}

/** A string is skipped by the JavaScript parser and read by the faster JSON parser, only when the module is asked for. */
function lazyJson(json: string): string {
  return `module.exports = JSON.parse(${JSON.stringify(json)})`
}
