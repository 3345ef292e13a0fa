import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCompute } from '../../../playground/compute/index.ts'
import {
  createCluster,
  serveCluster,
  writeKubeconfig,
  type SimulatedCluster,
} from '../../../playground/kubernetes/index.ts'
import { seededRandom, wallClock } from '../../../playground/world.ts'

const run = promisify(execFile)
const installed = spawnSync('kubectl', ['version', '--client'], { timeout: 20_000 }).status === 0
if (!installed) {
  if (process.env['MCI_REQUIRE_EVERYTHING'] !== undefined)
    throw new Error('kubectl is not installed, and MCI_REQUIRE_EVERYTHING asks for every check')
  process.stderr.write('skipped: kubectl is not installed, so the simulated clusters are not tried with it\n')
}

const manifests = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - { name: web, image: "zone-printer:1", ports: [{ containerPort: 8080, name: http }], readinessProbe: { httpGet: { path: /, port: http } } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: NodePort, selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, annotations: { kubernetes.io/ingress.class: gce-multi-cluster } }
spec: { defaultBackend: { service: { name: web, port: { number: 80 } } } }
`

describe.skipIf(!installed)('kubectl', () => {
  let directory = ''
  let cluster: SimulatedCluster
  let close: () => Promise<void>

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubectl-'))
    const compute = createCompute({ clock: wallClock, random: seededRandom(1), operationDelayMs: 5 })
    cluster = createCluster({
      ...{ name: 'us-east', project: 'p-1', network: 'default', zones: ['us-east1-b', 'us-east1-c'], nodesPerZone: 1 },
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
    close = server.close
    await writeFile(join(directory, 'config'), writeKubeconfig([{ name: 'us-east', server: server.url }]))
    await writeFile(join(directory, 'web.yaml'), manifests)
    await kubectl('apply', '-f', join(directory, 'web.yaml'))
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=15s')
  })
  afterAll(async () => {
    cluster.close()
    await close()
    await rm(directory, { recursive: true, force: true })
  })

  async function kubectl(...args: string[]): Promise<string> {
    const environment = { ...process.env, KUBECONFIG: join(directory, 'config'), HOME: directory }
    const { stdout } = await run('kubectl', args, { env: environment, timeout: 20_000 })
    return stdout
  }

  it('prints nodes, Services, Pods, Deployments and Ingresses in columns', async () => {
    const table = async (kind: string): Promise<string[][]> =>
      (await kubectl('get', kind))
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/\s{2,}/).map((cell) => cell.trim()))
    const [nodeHead, ...nodes] = await table('nodes')
    expect(nodeHead).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION'])
    expect(nodes).toHaveLength(2)
    const [serviceHead, serviceRow] = await table('services')
    expect(serviceHead).toEqual(['NAME', 'TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)', 'AGE'])
    expect(serviceRow?.[4]).toMatch(/^80:3\d{4}\/TCP$/)
    expect((await table('deployments'))[1]?.slice(0, 4)).toEqual(['web', '2/2', '2', '2'])
    expect((await table('pods'))[1]?.slice(1, 4)).toEqual(['1/1', 'Running', '0'])
    expect((await table('ingress'))[0]).toEqual(['NAME', 'CLASS', 'HOSTS', 'ADDRESS', 'PORTS', 'AGE'])
  })

  it("takes Google's objects as they stand", async () => {
    const example = 'examples/multi-cluster-ingress/ingress.yaml'
    expect((await kubectl('apply', '-f', example)).trim().split('\n')).toEqual([
      'multiclusteringress.networking.gke.io/zone-ingress created',
      'multiclusterservice.networking.gke.io/zone-mcs created',
      'backendconfig.cloud.google.com/zone-health created',
    ])
    expect(await kubectl('get', 'mci,mcs,backendconfigs', '-o', 'name')).toContain('zone-mcs')
  })

  it('applies again without a change, and server-side by force', async () => {
    expect(await kubectl('apply', '-f', join(directory, 'web.yaml'))).toBe(
      'deployment.apps/web unchanged\nservice/web unchanged\ningress.networking.k8s.io/web unchanged\n',
    )
    expect(await kubectl('apply', '--server-side', '--force-conflicts', '-f', join(directory, 'web.yaml'))).toContain(
      'ingress.networking.k8s.io/web serverside-applied',
    )
    expect(await kubectl('diff', '-f', join(directory, 'web.yaml'))).toBe('')
  })

  it('scales, and waits for it', async () => {
    await kubectl('scale', 'deployment/web', '--replicas=4')
    await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=4', 'deployment/web', '--timeout=15s')
    await kubectl('scale', 'deployment/web', '--replicas=2')
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=15s')
    expect((await kubectl('get', 'pods', '-o', 'name')).trim().split('\n').length).toBeGreaterThanOrEqual(2)
  })

  it('annotates, labels, patches and edits', async () => {
    await kubectl('annotate', 'ingress', 'web', 'example.com/a=1')
    await kubectl('label', 'service', 'web', 'tier=front')
    await kubectl('patch', 'service', 'web', '-p', '{"spec":{"ports":[{"port":80,"nodePort":31500}]}}')
    await kubectl(
      'patch',
      'ingress',
      'web',
      '--type=json',
      '-p',
      '[{"op":"add","path":"/metadata/annotations/b","value":"2"}]',
    )
    const editor = join(directory, 'editor.sh')
    await writeFile(editor, '#!/bin/sh\nsed -i "s/b: \\"2\\"/b: \\"3\\"/" "$1"\n', { mode: 0o755 })
    const environment = { ...process.env, KUBECONFIG: join(directory, 'config'), HOME: directory, KUBE_EDITOR: editor }
    await run('kubectl', ['edit', 'ingress', 'web'], { env: environment, timeout: 20_000 })
    const annotations = JSON.parse(
      await kubectl('get', 'ingress', 'web', '-o', 'jsonpath={.metadata.annotations}'),
    ) as Record<string, string>
    expect(annotations).toMatchObject({ 'example.com/a': '1', b: '3' })
    expect(
      await kubectl('get', 'service', '-l', 'tier=front', '-o', 'jsonpath={.items[*].spec.ports[0].nodePort}'),
    ).toBe('31500')
  })

  it('describes', async () => {
    expect(await kubectl('describe', 'ingress', 'web')).toMatch(/Default backend:\s+web:80 \(10\.\d+\.\d+\.\d+:8080/)
    expect(await kubectl('describe', 'deployment', 'web')).toContain('NewReplicaSet:')
    expect(await kubectl('describe', 'node')).toContain('topology.kubernetes.io/zone=us-east1-b')
  })

  it('creates with its own commands, which speak protobuf', async () => {
    await kubectl('create', 'namespace', 'team')
    await kubectl('create', 'configmap', 'settings', '--from-literal=a=b', '-n', 'team')
    await kubectl('create', 'secret', 'generic', 'key', '--from-literal=password=x', '-n', 'team')
    await kubectl('create', 'service', 'nodeport', 'extra', '--tcp=80:8080', '-n', 'team')
    await kubectl('create', 'deployment', 'shop', '--image=shop:1', '--port=8080', '--replicas=2', '-n', 'team')
    await kubectl('expose', 'deployment', 'shop', '--port=80', '--target-port=8080', '--type=NodePort', '-n', 'team')
    await kubectl(
      'create',
      'ingress',
      'shop',
      '--rule=shop.example/a*=shop:80,tls=key',
      '--default-backend=shop:80',
      '-n',
      'team',
    )
    expect(JSON.parse(await kubectl('get', 'ingress', 'shop', '-n', 'team', '-o', 'jsonpath={.spec}'))).toEqual({
      defaultBackend: { service: { name: 'shop', port: { number: 80 } } },
      rules: [
        {
          host: 'shop.example',
          http: {
            paths: [{ path: '/a', pathType: 'Prefix', backend: { service: { name: 'shop', port: { number: 80 } } } }],
          },
        },
      ],
      tls: [{ hosts: ['shop.example'], secretName: 'key' }],
    })
    await kubectl('rollout', 'status', 'deployment/shop', '-n', 'team', '--timeout=15s')
    expect(await kubectl('get', 'secret', 'key', '-n', 'team', '-o', 'jsonpath={.data.password}')).toBe(
      Buffer.from('x').toString('base64'),
    )
    expect(
      await kubectl(
        'get',
        'deployment',
        'shop',
        '-n',
        'team',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].ports[0].containerPort} {.status.readyReplicas}',
      ),
    ).toBe('8080 2')
    await kubectl('delete', 'namespace', 'team', '--timeout=15s')
    await expect(kubectl('get', 'namespace', 'team')).rejects.toThrow('namespaces "team" not found')
  })

  it('tells what is wrong', async () => {
    await writeFile(join(directory, 'bad.yaml'), manifests.replace('port: { number: 80 }', 'port: {}'))
    await expect(kubectl('apply', '-f', join(directory, 'bad.yaml'))).rejects.toThrow('port name or number is required')
    await expect(kubectl('get', 'ingress', 'nobody')).rejects.toThrow('ingresses.networking.k8s.io "nobody" not found')
  })

  it('deletes, and waits until it is gone', async () => {
    await kubectl('delete', '-f', join(directory, 'web.yaml'), '--timeout=15s')
    await kubectl('wait', '--for=delete', 'pod', '-l', 'app=web', '--timeout=15s')
    expect(await kubectl('get', 'deployments,services,ingresses,pods', '-o', 'name')).toBe('')
  })
})
