import { askForNegs, podPort } from './applications.ts'
import { tellOfCluster } from './drift.ts'
import type { ServiceName } from './manifests.ts'
import type { Story } from './story.ts'

/** Asks for network endpoint groups for a service in one cluster after the other, or no longer; `pause` in milliseconds. */
export async function moveService(story: Story, service: ServiceName, asks: boolean, pause: number): Promise<void> {
  const key = `${service.namespace}/${service.name}`
  // From here on the firewall may let requests in to the pods themselves.
  story.nodePorts.set(key, (story.nodePorts.get(key) ?? new Set()).add(podPort))
  for (const cluster of story.world.clusters.values()) {
    await askForNegs(cluster, service, asks)
    tellOfCluster(story, cluster.name)
    await story.world.clock.sleep(pause)
  }
}
