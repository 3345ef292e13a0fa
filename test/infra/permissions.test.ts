import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { deployments } from '../../functions/deployment.ts'
import { kinds } from '../../functions/reconcile/index.ts'
import { computeMethods, permissionsOf, type ComputeMethod } from '../../scripts/infra/permissions.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The calls that a file makes through the Compute port, by the port's verbs; several collections share a file's verbs. */
function callsIn(source: string): Set<string> {
  const verbs = [...source.matchAll(/\bcompute\.(get|list|insert|patch|update|remove)\b/g)].map(([, verb = '']) => verb)
  const named = [
    ...source.matchAll(
      /'(set(?:Target|UrlMap|SslCertificates|SslPolicy|NamedPorts|SecurityPolicy)|(?:add|delete)SignedUrlKey)'/g,
    ),
  ].map(([, verb = '']) => verb)
  return new Set([...verbs, ...named])
}

const allowed = (identity: string): readonly ComputeMethod[] => computeMethods[identity as keyof typeof computeMethods]
const identityOf = (kind: string): string =>
  deployments.find(({ name }) => name === `reconcile-${kind}`)?.identity ?? ''

describe('every identity may do what its functions do, and no more', () => {
  it.each(kinds.map(({ name }) => [name]))('kind %s: each call in its file is allowed', (name) => {
    const collections = kinds.find((kind) => kind.name === name)?.collections ?? []
    const calls = [...callsIn(read(`functions/reconcile/${name}.ts`))]
    const methods = allowed(identityOf(name))
    const missing = calls.filter(
      (verb) => !collections.some((collection) => methods.includes(`${collection}.${verb}` as ComputeMethod)),
    )
    expect(missing).toEqual([])
    if (collections.length > 0) expect(calls, 'and the search finds calls').toContain('get')
  })

  it('no mutation is allowed that no file makes', () => {
    const writes = Object.values(computeMethods)
      .flat()
      .filter((method) => !/\.(get|list|health)$/.test(method))
    const unused = writes.filter((method) => {
      const [collection = '', verb = ''] = method.split('.')
      return !kinds.some(
        (kind) =>
          (kind.collections as readonly string[] | undefined)?.includes(collection) === true &&
          callsIn(read(`functions/reconcile/${kind.name}.ts`)).has(verb),
      )
    })
    expect(unused).toEqual([])
  })

  it('only who makes load balancers may change them', () => {
    const changing = Object.entries(computeMethods)
      .filter(([, methods]) =>
        methods.flatMap(permissionsOf).some((permission) => /\.(create|delete|update|set\w+)$/.test(permission)),
      )
      .map(([identity]) => identity)
    expect(changing.sort()).toEqual(['backends', 'balancer', 'certificates'])
  })

  it.each([
    ['a global address has a name of its own in IAM', 'addresses.insert', 'compute.globalAddresses.create'],
    ['a URL map uses backend services', 'urlMaps.update', 'compute.backendServices.use'],
    ['a firewall rule is its network’s', 'firewalls.remove', 'compute.networks.updatePolicy'],
    ['named ports are an update of the group', 'instanceGroups.setNamedPorts', 'compute.instanceGroups.update'],
    ['an operation in a zone is waited for there', 'instanceGroups.setNamedPorts', 'compute.zoneOperations.get'],
    ['health is a view of the backend service', 'backendServices.health', 'compute.backendServices.get'],
  ] as const)('%s', (_reason, method, permission) => {
    expect(permissionsOf(method)).toContain(permission)
  })
})

describe('RBAC in the clusters', () => {
  interface Rule {
    apiGroups: string[]
    resources: string[]
    verbs: string[]
  }
  const documents = parseAllDocuments(read('infra/kubernetes/rbac.yaml')).map(
    (one) =>
      one.toJS() as {
        kind: string
        metadata: { name: string }
        rules?: Rule[]
        roleRef?: { name: string }
        subjects?: { name: string }[]
      },
  )
  const granted = new Set(
    documents.flatMap(({ rules }) =>
      (rules ?? []).flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
      ),
    ),
  )

  /** The vendor's builders that the adapter calls, as Kubernetes' verbs: `readNamespacedService` is `get services`. */
  const used = new Set<string>()
  for (const file of readdirSync(new URL('../../shared/cloud', import.meta.url)).filter((name) =>
    name.startsWith('kubernetes'),
  )) {
    for (const [, verb = '', object = '', status = ''] of read(`shared/cloud/${file}`).matchAll(
      /\b(?:core|networking)\.(read|list|create|patch|delete)(?:Namespaced)?(\w+?)(Status)?(?:ForAllNamespaces)?\(/g,
    )) {
      const resource = `${object.toLowerCase()}${object === 'Ingress' ? 'es' : 's'}${status === '' ? '' : '/status'}`
      used.add(`${verb === 'read' ? 'get' : verb} ${resource}`)
    }
    // Custom objects: the plural name follows group and version.
    for (const [, plural = ''] of read(`shared/cloud/${file}`).matchAll(/'[\w.]+', 'v\w+',(?: namespace,)? '(\w+)'/g))
      used.add(`get ${plural}`)
    if (/listNamespacedCustomObject/.test(read(`shared/cloud/${file}`))) used.add('list servicenetworkendpointgroups')
  }
  // Server-side apply makes what is not there yet.
  for (const resource of ['ingresses', 'services']) if (used.has(`patch ${resource}`)) used.add(`create ${resource}`)

  it('allows every request that is made', () => {
    expect([...used].filter((one) => !granted.has(one))).toEqual([])
    expect(used.size, 'and the search finds some').toBeGreaterThan(6)
  })
  it('allows nothing that is not asked for', () => {
    expect([...granted].filter((one) => !used.has(one))).toEqual([])
  })
  it('binds roles that are there, to identities that talk to clusters', () => {
    const roles = documents.filter(({ kind }) => kind === 'ClusterRole').map(({ metadata }) => metadata.name)
    const bindings = documents.filter(({ kind }) => kind === 'ClusterRoleBinding')
    expect(bindings.map(({ roleRef }) => roleRef?.name).sort()).toEqual(roles.sort())
    const accounts = new Set(bindings.flatMap(({ subjects }) => (subjects ?? []).map(({ name }) => name.split('@')[0])))
    expect([...accounts].sort()).toEqual(['mci-backends', 'mci-certificates', 'mci-clusters', 'mci-watcher'])
  })
})
