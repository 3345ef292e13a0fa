import { askForNegs, podPort } from './applications.ts'
import { tellOfCluster } from './drift.ts'
import type { ServiceName } from './manifests.ts'
import { notePort, type Story } from './story.ts'

/** Asks for network endpoint groups for a service in one cluster after the other, or no longer; `pause` in milliseconds. */
export async function moveService(story: Story, service: ServiceName, asks: boolean, pause: number): Promise<void> {
  notePort(story, service, podPort)
  for (const cluster of story.world.clusters.values()) {
    await askForNegs(cluster, service, asks)
    tellOfCluster(story, cluster.name)
    await story.world.clock.sleep(pause)
  }
}
