import { invalid } from './api-error.ts'
import { type Json, type JsonObject, isList, isObject } from './json.ts'

/** What every URL in a body starts with, whichever host and version the request used. */
export const urlRoot = 'https://www.googleapis.com/compute/v1/'

/** A field of a body that names another resource. */
export interface ReferenceField {
  /** `urlMap`, `backends[].group`, or `**.service` for a member of that name at any depth. */
  at: string
  /** Collections that it may name. */
  to: readonly string[]
  /** May the resource be of another project? Default no. */
  crossProject?: boolean
  /** First members below which `**` does not look: kept as sent. */
  except?: readonly string[]
  /** The field is cleared by an empty text. */
  clearable?: boolean
}

/** One place in a body that names a resource: `field` is for messages. */
export interface Reference {
  field: string
  value: string
  /** Relative: projects/p/global/urlMaps/u. */
  path: string
  spec: ReferenceField
}

/** The path's parts; undefined when it is not the path of a resource. */
export function splitPath(
  path: string,
): { project: string; scope: string; collection: string; name: string } | undefined {
  const match = /^projects\/([^/]+)\/(global|(?:regions|zones)\/[^/]+)\/([^/]+)\/([^/]+)$/.exec(path)
  if (match === null) return undefined
  const [, project = '', scope = '', collection = '', name = ''] = match
  return { project, scope, collection, name }
}

/**
 * A reference as clients may write it (full URL of any host and version, `projects/...`, `global/...`, `zones/...`),
 * as the relative path; undefined when it is malformed. A bare name is malformed.
 */
export function relativePath(value: string, project: string): string | undefined {
  const path = value.replace(/^(?:https?:\/\/[^/]+\/)?compute\/(?:v1|beta|alpha)\//, '').replace(/^\/+/, '')
  const full = /^(global|regions|zones)\//.test(path) ? `projects/${project}/${path}` : path
  return splitPath(full) === undefined ? undefined : full
}

/** The full URL of a relative path. */
export function fullUrl(path: string): string {
  return `${urlRoot}${path}`
}

/** The relative path of one of our own URLs. */
export function ofUrl(url: string): string {
  return url.startsWith(urlRoot) ? url.slice(urlRoot.length) : url
}

const opaqueHosts =
  /^(?:https:)?\/\/(certificatemanager|networksecurity|networkservices)\.googleapis\.com\/(?:v\d\w*\/)?/

function fieldFor(fields: readonly ReferenceField[], path: readonly string[]): ReferenceField | undefined {
  const joined = path.join('.').replaceAll('.[]', '[]')
  return fields.find((field) => {
    if (field.except?.includes(path[0] ?? '') === true) return false
    return field.at.startsWith('**.') ? path.at(-1) === field.at.slice(3) : joined === field.at
  })
}

/**
 * The body with every reference as a full URL, and the references it holds. Services outside Compute Engine (Certificate
 * Manager) are rendered without protocol and version and are not looked up.
 */
export function resolveReferences(
  body: JsonObject,
  fields: readonly ReferenceField[],
  project: string,
): { body: JsonObject; references: Reference[] } {
  const references: Reference[] = []
  function walk(value: Json, path: readonly string[], shown: string): Json {
    if (isList(value)) return value.map((item, index) => walk(item, [...path, '[]'], `${shown}[${index}]`))
    if (isObject(value)) {
      const result: Record<string, Json> = {}
      for (const [name, member] of Object.entries(value)) {
        if (member !== undefined) result[name] = walk(member, [...path, name], `${shown}.${name}`)
      }
      return result
    }
    if (typeof value !== 'string') return value
    // A list of references is named by its member: sslCertificates, not sslCertificates[].
    const named = path.at(-1) === '[]' ? path.slice(0, -1) : path
    const spec = fieldFor(fields, named)
    if (spec === undefined) return value
    if (opaqueHosts.test(value))
      return value.replace(opaqueHosts, (_, service: string) => `//${service}.googleapis.com/`)
    if (value === '' && spec.clearable === true) return value
    const target = relativePath(value, project)
    // The text is not checked against the real service.
    if (target === undefined) throw invalid(shown, value, 'The URL is malformed.')
    const parts = splitPath(target)
    if (parts === undefined || !spec.to.includes(parts.collection)) {
      throw invalid(shown, value, `Unexpected resource collection '${parts?.collection ?? ''}'.`)
    }
    if (parts.project !== project && spec.crossProject !== true) {
      throw invalid(shown, value, 'Cross project referencing is not allowed for this resource.')
    }
    references.push({ field: shown, value, path: target, spec })
    return fullUrl(target)
  }
  const resolved = walk(body, [], 'resource')
  return { body: isObject(resolved) ? resolved : body, references }
}
