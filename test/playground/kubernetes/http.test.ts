import {
  KubeConfig,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  NetworkingV1Api,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
  Watch,
  V1Deployment,
  V1Ingress,
  V1Scale,
  V1Service,
} from '@kubernetes/client-node'
import { afterEach, describe, expect, it } from 'vitest'
import { createCompute } from '../../../playground/compute/index.ts'
import {
  createCluster,
  serveCluster,
  writeKubeconfig,
  type ServedCluster,
  type SimulatedCluster,
} from '../../../playground/kubernetes/index.ts'
import { seededRandom, wallClock } from '../../../playground/world.ts'
import { deployment, ingress, service } from './world.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function served(): Promise<{ config: KubeConfig; server: ServedCluster; cluster: SimulatedCluster }> {
  const compute = createCompute({ clock: wallClock, random: seededRandom(1), operationDelayMs: 5 })
  const cluster = createCluster({
    ...{ name: 'us-east', project: 'p-1', network: 'default', zones: ['us-east1-b'], nodesPerZone: 1 },
    ...{
      clock: wallClock,
      random: seededRandom(2),
      compute: (request) => compute.handle(request),
      podStartMs: 10,
      podStopMs: 10,
    },
  })
  await cluster.started
  const server = await serveCluster(cluster, 0)
  open.push(async () => {
    cluster.close()
    await server.close()
  })
  const config = new KubeConfig()
  config.loadFromString(writeKubeconfig([{ name: 'us-east', server: server.url }]))
  return { config, server, cluster }
}

const asApply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
const typedIngress = (annotations: Record<string, string> = {}): V1Ingress =>
  Object.assign(new V1Ingress(), ingress('web', ['web'], annotations))
const where = { namespace: 'default', name: 'web' }

/** What a promise was rejected with. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('@kubernetes/client-node', () => {
  it('reads the version and lists nodes', async () => {
    const { config } = await served()
    expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toMatch(/^v1\.\d+\.\d+-gke/)
    const { items } = await config.makeApiClient(CoreV1Api).listNode()
    expect(items.map((node) => node.metadata?.labels?.['topology.kubernetes.io/zone'])).toEqual(['us-east1-b'])
    expect(items[0]?.metadata?.creationTimestamp).toBeInstanceOf(Date)
  })

  it('applies server-side, meets conflicts, and takes over by force', async () => {
    const { config } = await served()
    const api = config.makeApiClient(NetworkingV1Api)
    const apply = (manager: string, body: V1Ingress, force = false) =>
      api.patchNamespacedIngress({ ...where, body, fieldManager: manager, force }, asApply)
    await apply('one', typedIngress({ a: '1' }))
    expect(await failure(apply('two', typedIngress({ a: '2' })))).toMatchObject({ code: 409 })
    const after = await apply('two', typedIngress({ a: '2' }), true)
    expect(after.metadata?.annotations).toEqual({ a: '2' })
    expect(after.metadata?.managedFields?.map((entry) => entry.manager)).toEqual(['one', 'two'])
  })

  it('meets 409 for a stale version and 404 for what is gone', async () => {
    const { config } = await served()
    const api = config.makeApiClient(NetworkingV1Api)
    const made = await api.createNamespacedIngress({ namespace: 'default', body: typedIngress() })
    await api.patchNamespacedIngress(
      { ...where, body: { metadata: { annotations: { a: '1' } } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    )
    expect(await failure(api.replaceNamespacedIngress({ ...where, body: made }))).toMatchObject({ code: 409 })
    await api.deleteNamespacedIngress(where)
    expect(await failure(api.readNamespacedIngress(where))).toMatchObject({ code: 404 })
  })

  it('patches with all its strategies', async () => {
    const { config } = await served()
    const api = config.makeApiClient(CoreV1Api)
    await api.createNamespacedService({ namespace: 'default', body: Object.assign(new V1Service(), service('web')) })
    const with_ = (strategy: string, body: unknown) =>
      api.patchNamespacedService({ ...where, body }, setHeaderOptions('Content-Type', strategy))
    await with_(PatchStrategy.StrategicMergePatch, { spec: { ports: [{ port: 80, nodePort: 31_001 }] } })
    await with_(PatchStrategy.MergePatch, { metadata: { labels: { a: 'b' } } })
    const last = await with_(PatchStrategy.JsonPatch, [{ op: 'add', path: '/metadata/labels/c', value: 'd' }])
    expect(last.metadata?.labels).toEqual({ a: 'b', c: 'd' })
    expect(last.spec?.ports?.[0]).toMatchObject({ nodePort: 31_001, targetPort: 'http' })
  })

  it('watches from a list on, and hears 410 as an event', async () => {
    const { config, cluster } = await served()
    const api = config.makeApiClient(CoreV1Api)
    const list = await api.listNamespacedService({ namespace: 'default' })
    const from = list.metadata?.resourceVersion ?? ''
    const events: string[] = []
    const heard = async (count: number): Promise<string[]> => {
      const controller = await new Promise<AbortController>((resolve) => {
        const started = new Watch(config).watch(
          '/api/v1/namespaces/default/services',
          { resourceVersion: from },
          (type: string, object: { metadata?: { name?: string }; code?: number }) => {
            events.push(`${type} ${object.metadata?.name ?? object.code ?? ''}`)
            if (events.length >= count) void started.then(resolve)
          },
          () => undefined,
        )
        void started.then(async () => {
          if (count > 1) {
            await api.createNamespacedService({
              namespace: 'default',
              body: Object.assign(new V1Service(), service('web')),
            })
            await api.deleteNamespacedService(where)
          }
        })
      })
      controller.abort()
      return events.splice(0)
    }
    expect(await heard(2)).toEqual(['ADDED web', 'DELETED web'])
    cluster.compactHistory()
    expect(await heard(1)).toEqual(['ERROR 410'])
  })

  it('runs a Deployment and scales it', async () => {
    const { config, cluster } = await served()
    const api = config.makeApiClient(AppsV1Api)
    await api.createNamespacedDeployment({
      namespace: 'default',
      body: Object.assign(new V1Deployment(), deployment('web', 1)),
    })
    expect((await api.readNamespacedDeploymentScale(where)).spec?.replicas).toBe(1)
    await api.replaceNamespacedDeploymentScale({
      ...where,
      body: Object.assign(new V1Scale(), { metadata: where, spec: { replicas: 3 } }),
    })
    await expect.poll(async () => (await api.readNamespacedDeployment(where)).status?.readyReplicas).toBe(3)
    const { items } = await config
      .makeApiClient(CoreV1Api)
      .listNamespacedPod({ namespace: 'default', labelSelector: 'app=web' })
    expect(
      items.map(
        (pod) =>
          cluster.dialPod(pod.status?.podIP ?? '', 8080)?.({ method: 'GET', path: '/', host: 'h', headers: {} }).status,
      ),
    ).toEqual([200, 200, 200])
  })

  it('keeps custom objects', async () => {
    const { config } = await served()
    const api = config.makeApiClient(CustomObjectsApi)
    const kind = { group: 'cloud.google.com', version: 'v1', namespace: 'default', plural: 'backendconfigs' }
    await api.createNamespacedCustomObject({
      ...kind,
      body: {
        apiVersion: 'cloud.google.com/v1',
        kind: 'BackendConfig',
        metadata: { name: 'bc' },
        spec: { timeoutSec: 40 },
      },
    })
    expect(await api.getNamespacedCustomObject({ ...kind, name: 'bc' })).toMatchObject({ spec: { timeoutSec: 40 } })
  })

  it('finds nobody while the API is unreachable, and its watches break off', async () => {
    const { config, cluster } = await served()
    const api = config.makeApiClient(CoreV1Api)
    const ended = new Promise<void>((resolve) => {
      void new Watch(config)
        .watch(
          '/api/v1/services',
          {},
          () => undefined,
          () => resolve(),
        )
        .then(() => cluster.setReachable(false))
    })
    await ended
    expect(await failure(api.listNode())).toBeInstanceOf(Error)
    cluster.setReachable(true)
    expect((await api.listNode()).items).toHaveLength(1)
  })
})

describe('the HTTP server', () => {
  it.each([
    {
      reason: 'a body over 3 MiB',
      type: 'application/json',
      body: `{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`,
      status: 413,
    },
    { reason: 'a body that is not JSON', type: 'application/json', body: '{', status: 400 },
    {
      reason: 'a form that it does not read',
      type: 'application/vnd.kubernetes.protobuf',
      body: 'k8s\0\n\n\n\x02v1\x12\x04Node\x12\0',
      status: 415,
    },
    {
      reason: 'YAML that explodes',
      type: 'application/yaml',
      body: `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map(
          (name, index) =>
            `${name}: &${name} [${Array(10)
              .fill(`*${'abcdefgh'[index] ?? ''}`)
              .join(',')}]`,
        )
        .join('\n')}`,
      status: 400,
    },
  ])('refuses $reason with $status and a Status', async ({ type, body, status }) => {
    const { server } = await served()
    const answer = await fetch(`${server.url}/api/v1/namespaces/default/configmaps`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ kind: 'Status', code: status })
  })

  it('takes YAML', async () => {
    const { server } = await served()
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  k: v\n'
    const answer = await fetch(`${server.url}/api/v1/namespaces/default/configmaps`, {
      method: 'POST',
      headers: { 'content-type': 'application/yaml' },
      body,
    })
    expect(answer.status).toBe(201)
  })
})
