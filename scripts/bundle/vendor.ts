import { readFileSync } from 'node:fs'
import type { Plugin } from 'esbuild'
import { z } from 'zod'
import { trimProtos, type ProtoNode } from './trim-protos.ts'

/**
 * Generated classes for every message. The libraries only hand them on to callers; what they send is built from the JSON
 * of the protos. 2.5 MB of source, and some 60 ms at the first event.
 */
const handedOnOnly =
  /[\\/](?:(?:firestore-api|pubsub-api|pubsub)[\\/]build[\\/]protos[\\/]protos|google-gax[\\/]build[\\/]protos[\\/](?:iam_service|operations|locations))\.js$/

const computeProtos = /[\\/]@google-cloud[\\/]compute[\\/]build[\\/]protos[\\/]protos\.json$/

const tree: z.ZodType<ProtoNode> = z.looseObject({})

/** Makes the vendors' client libraries small; `services` are those of Compute whose clients are in use. */
export function slimVendors(services: readonly string[]): Plugin {
  return {
    name: 'slim-vendors',
    setup(build) {
      build.onLoad({ filter: handedOnOnly }, () => ({ contents: 'module.exports = {}', loader: 'js' }))
      build.onLoad({ filter: computeProtos }, ({ path }) => {
        const whole = tree.parse(JSON.parse(readFileSync(path, 'utf8')))
        return { contents: lazyJson(JSON.stringify(trimProtos(whole, services))), loader: 'js' }
      })
      build.onLoad({ filter: /[\\/]node_modules[\\/].*\.json$/ }, ({ path }) => ({
        contents: lazyJson(JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))),
        loader: 'js',
      }))
    },
  }
}

/** A string is skipped by the JavaScript parser and read by the faster JSON parser, only when the module is asked for. */
function lazyJson(json: string): string {
  return `module.exports = JSON.parse(${JSON.stringify(json)})`
}
