import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createCompute as simulateCompute,
  serveCompute,
  type SimulatedCompute,
} from '../../playground/compute/index.ts'
import { createCluster, serveCluster, type SimulatedCluster } from '../../playground/kubernetes/index.ts'
import { seededRandom, wallClock } from '../../playground/world.ts'
import { createCompute } from '../../shared/cloud/compute.ts'
import type { Compute, ComputeCollection, ComputeRef, StartedOperation } from '../../shared/cloud/compute-port.ts'
import { parseServerRules, thisMachine } from '../../shared/cloud/cluster-servers.ts'
import { createClusters } from '../../shared/cloud/kubernetes.ts'
import type { Cluster } from '../../shared/cloud/kubernetes-port.ts'

const cleanUps: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

let simulated: SimulatedCompute
let compute: Compute
beforeEach(async () => {
  simulated = simulateCompute({ clock: wallClock, random: seededRandom(1), operationDelayMs: 20, strict: true })
  const served = await serveCompute(simulated, 0)
  cleanUps.push(() => served.close())
  compute = createCompute({ endpoint: served.url })
})

const project = 'p'
let requests = 0
const requestId = (): string => `00000000-0000-4000-8000-${String(++requests).padStart(12, '0')}`

function ref<C extends ComputeCollection>(collection: C, name = 'x'): ComputeRef<C> {
  return { collection, project, name }
}

async function ended(operation: Promise<StartedOperation>): Promise<void> {
  const end = await compute.wait(await operation, 5000)
  if (!end.done) throw new Error('the operation did not end')
  if (end.error) throw end.error
}

/** Everything of one load balancer, in the order of its references. */
async function loadBalancer(): Promise<void> {
  await ended(compute.insert(ref('addresses'), { name: 'x' }, requestId()))
  await ended(
    compute.insert(ref('healthChecks'), { name: 'x', type: 'HTTP', httpHealthCheck: { port: 80 } }, requestId()),
  )
  await ended(
    compute.insert(
      ref('backendServices'),
      {
        name: 'x',
        loadBalancingScheme: 'EXTERNAL_MANAGED',
        protocol: 'HTTP',
        healthChecks: ['projects/p/global/healthChecks/x'],
      },
      requestId(),
    ),
  )
  await ended(
    compute.insert(ref('urlMaps'), { name: 'x', defaultService: 'projects/p/global/backendServices/x' }, requestId()),
  )
  await ended(
    compute.insert(ref('targetHttpProxies'), { name: 'x', urlMap: 'projects/p/global/urlMaps/x' }, requestId()),
  )
  const address = (await compute.get(ref('addresses')))?.address
  if (address === undefined) throw new Error('the address has no IP')
  await ended(
    compute.insert(
      ref('forwardingRules'),
      {
        name: 'x',
        IPAddress: address,
        IPProtocol: 'TCP',
        portRange: '80',
        loadBalancingScheme: 'EXTERNAL_MANAGED',
        target: 'projects/p/global/targetHttpProxies/x',
      },
      requestId(),
    ),
  )
}

describe('the Compute port against the simulated Compute', () => {
  it('makes a load balancer, reads it with relative references, and removes it', async () => {
    await loadBalancer()
    expect(await compute.get(ref('urlMaps'))).toMatchObject({
      defaultService: 'projects/p/global/backendServices/x',
      selfLink: 'projects/p/global/urlMaps/x',
    })
    const rule = await compute.get(ref('forwardingRules'))
    expect(rule).toMatchObject({ target: 'projects/p/global/targetHttpProxies/x', portRange: '80-80' })
    expect(await compute.get(ref('addresses'))).toMatchObject({ status: 'IN_USE', address: rule?.IPAddress })
    expect((await compute.list('backendServices', project)).map(({ name }) => name)).toEqual(['x'])

    await expect(compute.remove(ref('urlMaps'), requestId())).rejects.toMatchObject({
      name: 'CloudError',
      status: 400,
      reason: 'resourceInUseByAnotherResource',
    })
    const order = [
      'forwardingRules',
      'targetHttpProxies',
      'urlMaps',
      'backendServices',
      'healthChecks',
      'addresses',
    ] as const
    for (const collection of order) {
      await ended(compute.remove(ref(collection), requestId()))
      expect(await compute.get(ref(collection))).toBeUndefined()
    }
  })

  it('changes what has a fingerprint only with the latest one', async () => {
    await loadBalancer()
    const before = await compute.get(ref('urlMaps'))
    await ended(compute.update(ref('urlMaps'), { ...before, description: 'new' }, requestId()))
    await expect(
      compute.update(ref('urlMaps'), { ...before, description: 'newer' }, requestId()),
    ).rejects.toMatchObject({ status: 412 })
    expect(await compute.get(ref('urlMaps'))).toMatchObject({ description: 'new' })
  })

  it('empties a list by replacing the resource', async () => {
    await loadBalancer()
    const service = await compute.get(ref('backendServices'))
    await ended(compute.update(ref('backendServices'), { ...service, customRequestHeaders: ['X-A: b'] }, requestId()))
    const full = await compute.get(ref('backendServices'))
    expect(full?.customRequestHeaders).toEqual(['X-A: b'])
    await ended(compute.update(ref('backendServices'), { ...full, customRequestHeaders: [] }, requestId()))
    expect((await compute.get(ref('backendServices')))?.customRequestHeaders).toBeUndefined()
  })

  it('gets the first operation back for a request that is sent twice', async () => {
    const id = requestId()
    const first = await compute.insert(ref('addresses'), { name: 'x' }, id)
    expect(await compute.insert(ref('addresses'), { name: 'x' }, id)).toEqual(first)
    await ended(Promise.resolve(first))
    await expect(compute.insert(ref('addresses'), { name: 'x' }, requestId())).rejects.toMatchObject({ status: 409 })
  })

  it('moves a proxy to another URL map', async () => {
    await loadBalancer()
    await ended(
      compute.insert(
        ref('urlMaps', 'y'),
        { name: 'y', defaultService: 'projects/p/global/backendServices/x' },
        requestId(),
      ),
    )
    await ended(
      compute.call(ref('targetHttpProxies'), 'setUrlMap', { urlMap: 'projects/p/global/urlMaps/y' }, requestId()),
    )
    expect(await compute.get(ref('targetHttpProxies'))).toMatchObject({ urlMap: 'projects/p/global/urlMaps/y' })
  })
})

describe('the Clusters port against a simulated cluster', () => {
  async function cluster(): Promise<{ cluster: Cluster; inside: SimulatedCluster; server: string }> {
    const inside = createCluster({
      name: 'east',
      project,
      network: 'default',
      zones: ['us-east1-b', 'us-east1-c'],
      nodesPerZone: 2,
      clock: wallClock,
      random: seededRandom(2),
      compute: (request) => simulated.handle(request),
    })
    cleanUps.push(() => inside.close())
    const served = await serveCluster(inside, 0)
    cleanUps.push(() => served.close())
    await inside.started
    return {
      cluster: createClusters({ servers: parseServerRules(thisMachine).rules }).connect({
        name: 'east',
        server: served.url,
        project,
      }),
      inside,
      server: served.url,
    }
  }

  const ingress = {
    metadata: {
      name: 'web',
      namespace: 'default',
      annotations: { 'kubernetes.io/ingress.class': 'gce-multi-cluster' },
    },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  }

  it('sees its nodes where Compute has their instances', async () => {
    const { cluster: east } = await cluster()
    expect(await east.version()).toMatch(/^v1\./)
    const nodes = await east.nodes()
    expect(nodes.map(({ zone, ready }) => `${zone} ${ready}`)).toEqual(
      expect.arrayContaining(['us-east1-b true', 'us-east1-c true']) as string[],
    )
    expect(nodes).toHaveLength(4)
    const instances = await compute.list('instances', project)
    expect(nodes.map(({ providerID }) => providerID.split('/').at(-1)).sort()).toEqual(
      instances.map(({ name }) => name).sort(),
    )
  })

  it('applies an ingress beside the fields of others, and takes them over only by force', async () => {
    const { cluster: east, server } = await cluster()
    const created = await east.applyIngress(ingress, false)
    expect(created.metadata.uid).toBeDefined()
    const path = `${server}/apis/networking.k8s.io/v1/namespaces/default/ingresses/web`
    const other = await fetch(`${path}?fieldManager=kubectl&force=true`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'web', namespace: 'default', annotations: { mine: 'yes' } },
        spec: { defaultBackend: { service: { name: 'theirs', port: { number: 80 } } } },
      }),
    })
    expect(other.status).toBe(200)
    await expect(east.applyIngress(ingress, false)).rejects.toMatchObject({
      name: 'CloudError',
      status: 409,
      reason: 'Conflict',
    })
    const taken = await east.applyIngress(ingress, true)
    expect(taken.spec.defaultBackend?.service.name).toBe('web')
    expect(taken.metadata.annotations).toMatchObject({
      mine: 'yes',
      'kubernetes.io/ingress.class': 'gce-multi-cluster',
    })
    await east.deleteIngress('default', 'web')
    expect(await east.ingress('default', 'web')).toBeUndefined()
    await east.deleteIngress('default', 'web')
  })

  describe('takes over the spec of an object that kubemci made', () => {
    const rules = [
      {
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
        },
      },
    ]
    const [first] = rules
    /** As kubemci left it: created by its own client, with an annotation of a person's. */
    async function adopted(spec: object): Promise<{ cluster: Cluster; path: string }> {
      const { cluster: east, server } = await cluster()
      const path = `${server}/apis/networking.k8s.io/v1/namespaces/default/ingresses`
      const metadata = { name: 'web', annotations: { mine: 'yes', ...ingress.metadata.annotations } }
      const made = await fetch(`${path}?fieldManager=kubemci`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec }),
      })
      expect(made.status).toBe(201)
      return { cluster: east, path: `${path}/web` }
    }
    const byNumber = { service: { name: 'web', port: { number: 80 } } }
    const byName = { service: { name: 'web', port: { name: 'http' } } }
    const apply = (east: Cluster, spec: object): ReturnType<Cluster['applyIngress']> =>
      east.applyIngress({ ...ingress, spec }, true)

    const rows: { reason: string; was: object; steps: object[]; becomes: object }[] = [
      {
        reason: 'a default backend whose port was a number and is a name now',
        was: { defaultBackend: byNumber },
        steps: [{ defaultBackend: byName }],
        becomes: { defaultBackend: byName },
      },
      {
        reason: 'the same, after it was applied as it was',
        was: { defaultBackend: byNumber },
        steps: [{ defaultBackend: byNumber }, { defaultBackend: byName }],
        becomes: { defaultBackend: byName },
      },
      {
        reason: 'a default backend that goes at once',
        was: { defaultBackend: byNumber, rules },
        steps: [{ rules }],
        becomes: { rules: [first] },
      },
      {
        reason: 'a default backend of another Service, which goes later',
        was: { defaultBackend: byNumber, rules },
        steps: [{ defaultBackend: { service: { name: 'other', port: { number: 80 } } }, rules }, { rules }],
        becomes: { rules: [first] },
      },
      {
        reason: 'TLS, which nobody wants any more',
        was: { defaultBackend: byNumber, tls: [{ secretName: 'old' }] },
        steps: [{ defaultBackend: byNumber }],
        becomes: { defaultBackend: byNumber },
      },
    ]
    for (const { reason, was, steps, becomes } of rows)
      it(reason, async () => {
        const { cluster: east, path } = await adopted(was)
        for (const spec of steps) await apply(east, spec)
        const object = (await (await fetch(path)).json()) as {
          spec: object
          metadata: { annotations: object; managedFields: { manager: string; fieldsV1: object }[] }
        }
        expect(object.spec).toEqual(becomes)
        expect(object.metadata.annotations).toMatchObject({ mine: 'yes' })
        const owners = object.metadata.managedFields
        expect(owners.filter(({ fieldsV1 }) => 'f:spec' in fieldsV1).map(({ manager }) => manager)).toEqual([
          'multi-cluster-ingress',
        ])
        expect(owners.find(({ manager }) => manager === 'kubemci')?.fieldsV1).toMatchObject({
          'f:metadata': { 'f:annotations': { 'f:mine': {} } },
        })
      })

    it('in one request once it is ours, and not without force', async () => {
      const { cluster: east, path } = await adopted({ defaultBackend: byNumber })
      await expect(east.applyIngress({ ...ingress, spec: { defaultBackend: byName } }, false)).rejects.toMatchObject({
        status: 422,
      })
      await apply(east, { defaultBackend: byName })
      const version = async (): Promise<string> =>
        ((await (await fetch(path)).json()) as { metadata: { resourceVersion: string } }).metadata.resourceVersion
      const before = await version()
      await apply(east, { defaultBackend: byName })
      expect(await version()).toBe(before)
    })

    it('a spec that no Ingress can have stays refused', async () => {
      const { cluster: east } = await adopted({ defaultBackend: byNumber })
      const wrong = { service: { name: '', port: { number: 80 } } }
      await expect(apply(east, { defaultBackend: wrong })).rejects.toMatchObject({ status: 422 })
    })
  })

  it('writes the addresses into the status and nothing else, and has no status of what is not there', async () => {
    const { cluster: east } = await cluster()
    const applied = await east.applyIngress(ingress, true)
    await east.setIngressAddresses('default', 'web', ['203.0.113.1'])
    await east.setIngressAddresses('default', 'web', ['203.0.113.2', '2001:db8::2'])
    const seen = await east.ingress('default', 'web')
    expect(seen?.status).toEqual({ loadBalancer: { ingress: [{ ip: '203.0.113.2' }, { ip: '2001:db8::2' }] } })
    expect(seen?.spec).toEqual(applied.spec)
    expect(seen?.metadata.annotations).toMatchObject(ingress.metadata.annotations)
    await expect(east.setIngressAddresses('default', 'other', ['203.0.113.1'])).rejects.toMatchObject({ status: 404 })
  })

  it('records an Event once and counts it up', async () => {
    const { cluster: east, server } = await cluster()
    const { uid } = (await east.applyIngress(ingress, true)).metadata
    const event = {
      ingress: { namespace: 'default', name: 'web', uid: uid ?? '' },
      type: 'Normal',
      reason: 'Sync',
    } as const
    for (const at of [0, 60_000, 120_000]) await east.recordEvent({ ...event, message: `at ${at}`, at })
    const { items } = (await (await fetch(`${server}/api/v1/namespaces/default/events`)).json()) as {
      items: { involvedObject: { uid: string }; source: { component: string } }[]
    }
    const ours = items.filter(
      ({ involvedObject, source }) => involvedObject.uid === uid && source.component === 'multi-cluster-ingress',
    )
    expect(ours).toMatchObject([
      {
        count: 3,
        message: 'at 120000',
        firstTimestamp: expect.stringMatching(/^1970-01-01T00:00:00/) as string,
        lastTimestamp: expect.stringMatching(/^1970-01-01T00:02:00/) as string,
      },
    ])
  })

  it('tells an unreachable cluster from one that has nothing', async () => {
    const { cluster: east, inside } = await cluster()
    expect(await east.ingress('default', 'web')).toBeUndefined()
    expect(await east.service('default', 'web')).toBeUndefined()
    inside.setReachable(false)
    await expect(east.ingress('default', 'web')).rejects.toMatchObject({ name: 'CloudError', status: 0 })
    await expect(east.nodes()).rejects.toMatchObject({ name: 'CloudError', status: 0 })
  })
})
