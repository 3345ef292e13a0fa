import { ApiError, invalid, required } from '../api-error.ts'
import type { Scope } from '../api-table.ts'
import { type JsonObject, type Json, isList, isObject, objectAt, objectsAt, stringsAt, textAt } from '../json.ts'
import type { Call, Kind, Look, Place } from '../kind.ts'
import { resolveReferences } from '../references.ts'
import { checkSchemes, rulesOfUrlMap, schemeOf, servicesOfUrlMap } from './schemes.ts'
import { urlMapReferences } from './url-map-references.ts'
import { checkUrlMap, findMember, unfitForClassic } from './url-map-rules.ts'
import { runTests } from './url-map-routing.ts'

/** Bytes of the whole URL map. */
const maxBytes = { classic: 64 * 1024, managed: 1024 * 1024 }

/** Deep defaults: a retry policy's timeout shows its nanos, a test its description. */
function complete(value: Json, member: string): Json {
  if (isList(value)) return value.map((item) => complete(item, member))
  if (!isObject(value)) return value
  const result: Record<string, Json> = {}
  for (const [name, inner] of Object.entries(value)) if (inner !== undefined) result[name] = complete(inner, name)
  if (member === 'perTryTimeout' && result['nanos'] === undefined) result['nanos'] = 0
  if (member === 'tests' && result['description'] === undefined) result['description'] = ''
  return result
}

function relate(look: Look, spec: JsonObject, place: Place): void {
  const services = servicesOfUrlMap(look, spec, place.project)
  const schemes = new Set(services.map(schemeOf))
  if (schemes.size > 1) {
    throw invalid(
      'resource',
      place.name,
      `The backend services of a URL map must have one load balancing scheme; these have ${[...schemes].sort().join(' and ')}.`,
    )
  }
  for (const service of services) {
    if (service.project !== place.project && schemeOf(service) !== 'EXTERNAL_MANAGED') {
      throw invalid('resource', service.path, 'Cross project referencing is not allowed for this resource.')
    }
  }
  const rules = rulesOfUrlMap(look, place.path)
  for (const rule of rules) checkSchemes(schemeOf(rule), services)
  // A URL map without backend services takes its scheme from its forwarding rule.
  const scheme = [...schemes][0] ?? rules.map(schemeOf)[0]
  checkFit(spec, scheme, place.scope)
  const bytes = Buffer.byteLength(JSON.stringify(spec))
  const limit = scheme === 'EXTERNAL' ? maxBytes.classic : maxBytes.managed
  if (bytes > limit) {
    throw new ApiError(
      400,
      'invalid',
      `The URL map has ${bytes} bytes; the limit for the scheme ${scheme ?? 'EXTERNAL_MANAGED'} is ${limit} bytes.`,
    )
  }
  const failures = runTests(spec).failures
  if (failures.length > 0) {
    throw new ApiError(
      400,
      'invalid',
      `Invalid value for field 'resource.tests': ''. ${failures.length} of the URL map's tests failed: ${JSON.stringify(failures[0])}`,
    )
  }
}

/** 400 when a load balancer of the scheme cannot do what the URL map says. */
export function checkFit(spec: JsonObject, scheme: string | undefined, scope: Scope): void {
  if (scope.type !== 'global') return
  const external = scheme === 'EXTERNAL' || scheme === 'EXTERNAL_MANAGED'
  const regex = external ? findMember(spec, (name) => name === 'regexMatch') : undefined
  if (regex !== undefined) throw invalid(regex, '', "Regex isn't allowed")
  const unfit = scheme === 'EXTERNAL' ? unfitForClassic(spec) : undefined
  if (unfit !== undefined) throw invalid(unfit, '', 'The field is incompatible with LB Type Global EXTERNAL')
}

/** urlMaps.validate: 200 also when the map is bad; nothing is changed. */
function validate({ look, resource, body }: Call): JsonObject {
  const candidate = objectAt(body, 'resource')
  if (Object.keys(candidate).length === 0) throw required('resource.resource')
  const { project, scope, collection, name, path } = resource
  const place: Place = { project, scope, collection, name: textAt(candidate, 'name') ?? name, path }
  const scheme = stringsAt(body, 'loadBalancingSchemes')[0]
  try {
    checkUrlMap(candidate, place)
    const { body: spec, references } = resolveReferences(candidate, urlMapReferences, project)
    for (const reference of references) {
      if (look.find(reference.path) === undefined)
        throw invalid(reference.field, reference.value, 'The resource was not found.')
    }
    checkFit(spec, scheme, place.scope)
    relate(look, { ...spec, tests: [] }, place)
    const { failures } = runTests(spec)
    return {
      result: {
        loadSucceeded: true,
        testPassed: failures.length === 0,
        ...(failures.length === 0 ? {} : { testFailures: failures }),
      },
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { result: { loadSucceeded: false, loadErrors: [error.message], testPassed: false } }
  }
}

export const urlMaps: Kind = {
  collection: 'urlMaps',
  message: 'UrlMap',
  singular: 'urlMap',
  noun: 'url_map',
  fingerprint: 'required',
  quota: 'URL_MAPS',
  references: urlMapReferences,
  check: checkUrlMap,
  defaults(body) {
    const completed = complete(body, '')
    return isObject(completed) ? completed : body
  },
  relate,
  methods: {
    validate: { does: 'read', answer: validate },
    invalidateCache: {
      does: 'nothing',
      operationType: 'invalidateCache',
      check({ body }) {
        const path = textAt(body, 'path') ?? ''
        if (path === '' && objectsAt(body, 'cacheTags').length === 0 && stringsAt(body, 'cacheTags').length === 0) {
          throw required('resource.path')
        }
        if (path !== '' && !path.startsWith('/')) throw invalid('resource.path', path, 'The path must start with /.')
      },
    },
  },
}
