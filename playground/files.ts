import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from './environment.ts'
import { writeKubeconfig } from './kubernetes/index.ts'
import { read, type IngressReport } from './stages.ts'

/** What the files tell of. */
export type Told = Pick<Environment, 'project' | 'firestore' | 'clusters'> & {
  pubsub: Pick<Environment['pubsub'], 'grpc' | 'rest'>
  compute: { url: string }
  loadBalancers: Omit<Environment['loadBalancers'], 'close'>
}

/** Writes playground.json and kubeconfig into `folder`, again whenever a load balancer comes or goes. */
export function keepFilesFresh(
  folder: string,
  environment: Told,
  dashboard: string,
): { write(): Promise<void>; stop(): void } {
  const { project, pubsub, compute, clusters, loadBalancers } = environment
  async function writeNow(): Promise<void> {
    await loadBalancers.settled()
    const local = loadBalancers.loadBalancers()
    const known = (await read<{ ingresses: IngressReport[] }>(dashboard, '/api/ingresses'))?.ingresses ?? []
    const urlOf = (vip: string | null, scheme: string): string | null =>
      local.find((one) => one.ip === vip && one.scheme === scheme)?.url ?? null
    const facts = {
      project,
      pubsub: pubsub.grpc,
      pubsubRest: pubsub.rest,
      firestore: environment.firestore,
      compute: compute.url,
      dashboard,
      clusters: clusters.map(({ name, server, zones }) => ({ name, server, zones })),
      loadBalancers: known
        .filter(({ vip }) => local.some((one) => one.ip === vip))
        .map(({ namespace, name, loadBalancer, vip }) => ({
          ingress: `${namespace}/${name}`,
          name: loadBalancer,
          vip,
          http: urlOf(vip, 'http'),
          https: urlOf(vip, 'https'),
        })),
    }
    writeWhole(join(folder, 'playground.json'), `${JSON.stringify(facts, null, 2)}\n`)
    writeWhole(join(folder, 'kubeconfig'), writeKubeconfig(clusters))
  }
  let last = Promise.resolve()
  /** One after the other: what was read earlier must not be written later. */
  const write = (): Promise<void> => (last = last.catch(() => undefined).then(writeNow))
  const stop = loadBalancers.onChange(
    () => void write().catch((error: unknown) => console.error(`cannot write .mci/playground.json: ${String(error)}`)),
  )
  return { write, stop }
}

/** Puts a file in place as a whole: who reads while it is written finds the one before, never the half of one. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
