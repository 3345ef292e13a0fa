/** What the smoke test needs of a deployment. */
export interface Deployed {
  /** Publishes to ingress-specs; answers the message's id. */
  publish(text: string, attributes: Record<string, string>): Promise<string>
  /** The status of the status API's answer. */
  get(path: string): Promise<number>
  /** Whether a function has logged this, for this message. */
  logged(message: string, trace: string): Promise<boolean>
  sleep(ms: number): Promise<unknown>
}

/** A cold start, a redelivery and Cloud Logging's delay are well inside this. */
const looks = 30
const pause = 4_000

/** Publishes a manifest that is only validated; answers what is wrong with the deployment, in words. */
export async function smokeTest(deployed: Deployed, manifest: string): Promise<string | undefined> {
  const status = await deployed.get('/api/clusters')
  if (status !== 200)
    return `The status API answered ${status} and not 200: is the build's account in dashboard_members, and does the log of function status say more?`
  const id = await deployed.publish(manifest, { action: 'validate' })
  for (let look = 0; look < looks; look += 1) {
    if ((await deployed.get(`/api/dead-letters/${id}`)) === 200)
      return `Message ${id} became a dead letter: the status API says why, at /api/dead-letters/${id}.`
    if (await deployed.logged('manifest is valid', id)) return undefined
    await deployed.sleep(pause)
  }
  return `Message ${id} was published, and no function said within ${(looks * pause) / 1_000} s that it is valid: look at the log of function ingress-spec, and at subscription ingress-spec.`
}
