import { beforeEach, describe, expect, it } from 'vitest'
import { clusterIngressId } from '../../../shared/planning/layout.ts'
import { createHash } from 'node:crypto'
import { queries } from '../../../shared/state/store.ts'
import { modelOf, project } from '../planning/facts.ts'
import { kindWorld, pathOf, type KindWorld } from './world.ts'

const model = modelOf({ name: 'edge' })
const secret = 'never-to-be-kept-1'
const key = 'bmV2ZXItdG8tYmUta2VwdA'
const [first, second] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)].map((raw) => raw.toString('base64url').slice(0, 22))

let world: KindWorld
beforeEach(async () => {
  world = await kindWorld()
  await world.byHand('POST', 'global/securityPolicies', { name: 'armor' })
  for (const cluster of world.clusters.values()) {
    const web = cluster.services.get('default/web')
    if (web) web.metadata.annotations = { 'beta.cloud.google.com/backend-config': '{"ports":{"http":"edge"}}' }
    cluster.secrets.set('default/oauth', { client_id: 'me', client_secret: `${secret}\n` })
    cluster.secrets.set('default/keys', { key_value: first ?? '' })
  }
})

/** Writes the BackendConfig into every cluster, and has them looked at. */
async function configure(spec: object): Promise<void> {
  for (const [name, cluster] of world.clusters) {
    cluster.configs.set('BackendConfig default/edge', spec)
    await world.nudge(clusterIngressId(name, model))
  }
}
async function backendService(): Promise<Record<string, unknown>> {
  const [id] = await world.idsOf('backend-service')
  if (id === undefined) throw new Error('there is no backend service')
  const path = `/compute/v1/projects/${project}/${pathOf(id, 'backendServices')}`
  return (await world.compute.handle({ method: 'GET', path, query: {}, headers: {}, body: undefined })).body as Record<
    string,
    unknown
  >
}
/** Everything that is kept: documents and messages. */
async function kept(): Promise<string> {
  const [ingresses, owned, claims, views] = await Promise.all([
    world.deps.store.find(queries.ingresses()),
    world.deps.store.find(queries.ownedBy('default/edge')),
    world.deps.store.find(queries.claimsOf('default/edge')),
    world.deps.store.find(queries.resourcesOfKind('cluster-ingress')),
  ])
  return JSON.stringify([ingresses, owned, claims, views, world.deps.published])
}
const iap = (parts: object = { secretName: 'oauth' }): object => ({
  iap: { enabled: true, oauthclientCredentials: parts },
})
const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('what a BackendConfig asks for', () => {
  it('is written, and what it stops saying is left alone', async () => {
    await configure({ timeoutSec: 50, logging: { enable: true }, customRequestHeaders: { headers: ['X-A:b'] } })
    await world.publish(model)
    expect(await backendService()).toMatchObject({
      timeoutSec: 50,
      logConfig: { enable: true, sampleRate: 1 },
      customRequestHeaders: ['X-A:b'],
    })
    await configure({ customRequestHeaders: {} })
    expect(await backendService()).toMatchObject({ timeoutSec: 50, logConfig: { enable: true } })
    expect(await backendService()).not.toHaveProperty('customRequestHeaders')
  })

  it('is repaired when somebody changes it, and only that', async () => {
    await configure({ timeoutSec: 50 })
    await world.publish(model)
    const [id] = await world.idsOf('backend-service')
    if (id === undefined) throw new Error('there is no backend service')
    const { fingerprint } = await backendService()
    await world.byHand('PATCH', pathOf(id, 'backendServices'), {
      timeoutSec: 7,
      sessionAffinity: 'CLIENT_IP',
      fingerprint,
    })
    await world.nudge(id)
    expect(await backendService()).toMatchObject({ timeoutSec: 50, sessionAffinity: 'CLIENT_IP' })
  })

  it('a security policy comes by a call of its own, and goes by an empty name', async () => {
    await configure({ securityPolicy: { name: 'armor' } })
    await world.publish(model)
    expect(await backendService()).toMatchObject({ securityPolicy: expect.stringMatching(/armor$/) as string })
    await configure({ securityPolicy: { name: '' } })
    expect(await backendService()).not.toHaveProperty('securityPolicy')
  })

  it('nothing stands behind a backend service before it has its policy', async () => {
    await configure({ securityPolicy: { name: 'armor' } })
    world.compute.faults.refuseNext(
      { code: 403, reason: 'forbidden', message: 'no right to use the policy' },
      { method: 'backendServices.setSecurityPolicy' },
    )
    await world.publish(model)
    expect((await backendService())['backends'] ?? []).toEqual([])
    const [id] = await world.idsOf('backend-service')
    if (id !== undefined) await world.nudge(id)
    const service = await backendService()
    expect(service).toMatchObject({ securityPolicy: expect.stringMatching(/armor$/) as string })
    expect(service['backends']).toHaveLength(2)
  })

  it('wrong at first it is refused; wrong later, what was last good stays', async () => {
    await configure({ timeoutSec: -1 })
    await world.publish(model)
    expect(await world.deps.store.get('ingresses', 'default/edge')).toMatchObject({ phase: 'Failed' })
    expect(await world.idsOf('backend-service')).toEqual([])
    await configure({ timeoutSec: 60 })
    expect(await backendService()).toMatchObject({ timeoutSec: 60 })
    await configure({ timeoutSec: -1 })
    expect(await backendService()).toMatchObject({ timeoutSec: 60 })
    const doc = await world.deps.store.get('ingresses', 'default/edge')
    expect(JSON.stringify(doc?.plan?.warnings)).toMatch(/spec.timeoutSec/)
  })
})

describe('secrets', () => {
  it('of an OAuth client reaches Compute and no document, from a Secret', async () => {
    await configure(iap())
    await world.publish(model)
    expect(await backendService()).toMatchObject({
      iap: { enabled: true, oauth2ClientId: 'me', oauth2ClientSecretSha256: digest(secret) },
    })
    expect(await kept()).not.toContain(secret)
  })

  it('or from the object itself; a changed one is brought', async () => {
    await configure(iap({ clientID: 'me', clientSecret: secret }))
    await world.publish(model)
    expect(await backendService()).toMatchObject({ iap: { oauth2ClientSecretSha256: digest(secret) } })
    await configure(iap({ clientID: 'me', clientSecret: `${secret}-new` }))
    expect(await backendService()).toMatchObject({ iap: { oauth2ClientSecretSha256: digest(`${secret}-new`) } })
    expect(await kept()).not.toContain(secret)
  })

  it('without its Secret nobody is served: half of it would lock everybody out', async () => {
    for (const { secrets } of world.clusters.values()) secrets.delete('default/oauth')
    await configure(iap())
    await world.publish(model)
    const doc = await world.deps.store.get('ingresses', 'default/edge')
    expect(JSON.stringify(doc?.plan?.problems)).toMatch(/the Secret oauth with client_id and client_secret/)
  })

  it('keys for signed URLs are added and deleted one by one, by name', async () => {
    const signed = (...names: string[]): object => ({
      cdn: {
        enabled: true,
        signedUrlKeys: names.map((keyName) =>
          keyName === 'inline' ? { keyName, keyValue: second } : { keyName, secretName: 'keys' },
        ),
      },
    })
    const names = async (): Promise<unknown> =>
      ((await backendService())['cdnPolicy'] as { signedUrlKeyNames?: string[] }).signedUrlKeyNames
    await configure(signed('a', 'inline'))
    await world.publish(model)
    expect(await backendService()).toMatchObject({ enableCDN: true, cdnPolicy: { cacheMode: 'CACHE_ALL_STATIC' } })
    expect(await names()).toEqual(['a', 'inline'])
    await configure(signed('b', 'inline', 'a'))
    expect(await names()).toEqual(['a', 'inline', 'b'])
    await configure(signed('b'))
    expect(await names()).toEqual(['b'])
    await configure(signed())
    expect(await names()).toBeUndefined()
    for (const value of [first, second, key]) expect(await kept()).not.toContain(value)
  })
})
