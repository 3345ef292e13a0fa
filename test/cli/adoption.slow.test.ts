import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { plantKubemci, readGolden, type Planted } from '../support/kubemci.ts'
import { startSystem, type System } from '../support/system.ts'
import { makeFolder } from './command.ts'

/** A load balancer of kubemci is moved over and left again by the command, as docs/migrating-from-kubemci.md tells it. */
let system: System
let planted: Planted
const folder = makeFolder()

beforeAll(async () => {
  system = await startSystem({ clusters: 2, tickMs: 2_000 })
  planted = await plantKubemci(system, readGolden('zone-printer-two-clusters'))
  const { compute, pubsub } = system.environment
  mkdirSync(join(folder.path, '.mci'))
  writeFileSync(
    join(folder.path, '.mci', 'playground.json'),
    JSON.stringify({
      ...{ project: 'playground', pubsub: pubsub.grpc, pubsubRest: pubsub.rest, firestore: null },
      ...{ compute: compute.url, dashboard: system.dashboard, loadBalancers: [] },
    }),
  )
  folder.write('ingress.yaml', planted.manifest)
}, 60_000)
afterAll(async () => {
  await system.close()
  folder.remove()
})

/** Everything of the load balancer by collection, with the ids that the API gives. */
async function ids(): Promise<string[]> {
  const lists = await Promise.all(
    Object.keys(planted.names).map(async (collection) => {
      const url = `${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}`
      const { items = [] } = (await (await fetch(url)).json()) as { items?: { id: string; name: string }[] }
      return items.map(({ id, name }) => `${collection} ${name} ${id}`)
    }),
  )
  return lists.flat().sort()
}

describe('moving over from kubemci', () => {
  it('plan shows what would be changed in place, and nothing that is made anew or goes', async () => {
    const ran = await folder.mci(['plan', '-f', 'ingress.yaml', '-o', 'json'])
    expect(ran.code, ran.stderr).toBe(2)
    const { ingresses } = JSON.parse(ran.stdout) as {
      ingresses: { steps: { do: string; kind: string; name: string }[] }[]
    }
    const steps = ingresses.flatMap((one) => one.steps)
    const told = steps
      .filter((step) => ['create', 'remove'].includes(step.do))
      .map((step) => `${step.do} ${step.kind} ${step.name}`)
    expect(told).toEqual([])
    expect(steps.filter((step) => step.do === 'update').map(({ kind }) => kind)).toContain('backend-service')
  })

  it('create, in the words of the old script, takes it over: the same resources, the same IP', async () => {
    const before = await ids()
    const ran = await folder.mci(['create', planted.lb, '-i', 'ingress.yaml', '--wait', '--timeout', '60s'])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout).toContain(`is Ready at ${planted.ip}`)
    expect(await ids()).toEqual(before)
    expect((await folder.mci(['get-status', planted.lb])).stdout.split('\n')[0]).toBe(
      `Load balancer ${planted.lb} has IPAddress ${planted.ip} and is spread across 2 clusters (${[...planted.clusters].sort().join(',')})`,
    )
  })

  it('with on-delete: orphan it is let go, and serves on as it is', async () => {
    const before = await ids()
    const manifest = parseDocument(planted.manifest)
    manifest.setIn(['metadata', 'annotations', 'multicluster-ingress.io/on-delete'], 'orphan')
    folder.write('leaving.yaml', manifest.toString())
    const changed = await folder.mci(['create', planted.lb, '-i', 'leaving.yaml', '--wait', '--timeout', '60s'])
    expect(changed.code, changed.stderr).toBe(0)
    const gone = await folder.mci(['delete', planted.lb, '-i', 'leaving.yaml', '--wait', '--timeout', '60s'])
    expect(gone.code, gone.stderr).toBe(0)
    expect(await ids()).toEqual(before)
    expect((await folder.mci(['list'])).stdout).toBe('No multicluster ingresses found.\n')
  })
})
