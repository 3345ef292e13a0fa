import type { Json, JsonObject } from '../json.ts'
import { apiVersionOf, kinds, type Kind } from '../kinds.ts'

/** What /version answers; GKE's form of a version. */
export const serverVersion: JsonObject = {
  major: '1',
  minor: '33',
  gitVersion: 'v1.33.4-gke.1134000',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2025-09-01T00:00:00Z',
  goVersion: 'go1.24.5 X:boringcrypto',
  compiler: 'gc',
  platform: 'linux/amd64',
}

/** The media type of aggregated discovery, which recent clients prefer. */
export const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** True when a client asks for aggregated discovery. */
export function wantsAggregated(accept: string): boolean {
  return accept.includes('as=APIGroupDiscoveryList') && accept.includes('v=v2')
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const subresourceVerbs = ['get', 'patch', 'update']

function groups(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const { group, version } of kinds) {
    const versions = found.get(group) ?? []
    if (!versions.includes(version)) versions.push(version)
    found.set(group, versions)
  }
  return found
}

function servedBy(group: string, version: string): Kind[] {
  return kinds.filter((kind) => kind.group === group && kind.version === version)
}

/** Aggregated discovery of the core group (`/api`) or of all others (`/apis`). */
export function aggregated(core: boolean): JsonObject {
  const items = [...groups()]
    .filter(([group]) => (group === '') === core)
    .map(([group, versions]): JsonObject => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versions.map((version): JsonObject => ({
        version,
        freshness: 'Current',
        resources: servedBy(group, version).map(aggregatedResource),
      })),
    }))
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }
}

function aggregatedResource(kind: Kind): JsonObject {
  const responseKind = { group: kind.group, version: kind.version, kind: kind.kind }
  const subresources: Json[] = []
  if (kind.status) subresources.push({ subresource: 'status', responseKind, verbs: subresourceVerbs })
  if (kind.scale)
    subresources.push({
      subresource: 'scale',
      responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: subresourceVerbs,
    })
  return {
    resource: kind.plural,
    responseKind,
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs,
    shortNames: kind.shortNames,
    categories: kind.categories,
    subresources,
  }
}

/** `/apis`: the groups. */
export function groupList(): JsonObject {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [...groups()].filter(([group]) => group !== '').map(([group]) => groupOf(group)),
  }
}

function groupOf(group: string): JsonObject {
  const versions = (groups().get(group) ?? []).map((version) => ({ groupVersion: `${group}/${version}`, version }))
  const preferred = versions.find((entry) => entry.version === 'v1') ?? versions[0] ?? null
  return { name: group, versions, preferredVersion: preferred }
}

/** `/apis/GROUP`; undefined when the group is not served. */
export function groupByName(group: string): JsonObject | undefined {
  return groups().has(group) ? { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) } : undefined
}

/** `/api/v1`, `/apis/GROUP/VERSION`; undefined when it is not served. */
export function resourceList(group: string, version: string): JsonObject | undefined {
  const served = servedBy(group, version)
  if (served.length === 0) return undefined
  const resources = served.flatMap((kind): Json[] => {
    const base = { namespaced: kind.namespaced, kind: kind.kind }
    const main: JsonObject = {
      name: kind.plural,
      singularName: kind.singular,
      ...base,
      verbs,
      ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
      ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    }
    const rest: Json[] = []
    if (kind.status) rest.push({ name: `${kind.plural}/status`, singularName: '', ...base, verbs: subresourceVerbs })
    if (kind.scale) {
      const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale', namespaced: kind.namespaced }
      rest.push({ name: `${kind.plural}/scale`, singularName: '', ...scale, verbs: subresourceVerbs })
    }
    return [main, ...rest]
  })
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources,
  }
}

/** `/openapi/v3`: where the document of each group version is. */
export function openApiIndex(): JsonObject {
  const paths: Record<string, Json> = {}
  for (const [group, versions] of groups()) {
    for (const version of versions) {
      const path = group === '' ? `api/${version}` : `apis/${group}/${version}`
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=1` }
    }
  }
  return { paths }
}

/**
 * The OpenAPI document of a group version, with just what clients look up: that PATCH takes `fieldValidation`, so that
 * they leave validation to the server. No schemas.
 */
export function openApiDocument(group: string, version: string): JsonObject | undefined {
  const served = servedBy(group, version)
  if (served.length === 0) return undefined
  const paths: Record<string, Json> = {}
  for (const kind of served) {
    const root = group === '' ? `/api/${version}` : `/apis/${apiVersionOf(kind)}`
    const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
      name,
      in: 'query',
      schema: { type: name === 'force' ? 'boolean' : 'string' },
    }))
    const path = kind.namespaced
      ? `${root}/namespaces/{namespace}/${kind.plural}/{name}`
      : `${root}/${kind.plural}/{name}`
    paths[path] = {
      patch: {
        parameters,
        responses: { '200': { description: 'OK' } },
        'x-kubernetes-action': 'patch',
        'x-kubernetes-group-version-kind': { group, version, kind: kind.kind },
      },
    }
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.33.4' }, paths, components: { schemas: {} } }
}
