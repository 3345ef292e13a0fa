import { expect, it } from 'vitest'
import { modelOf, project } from '../planning/facts.ts'
import { kindWorld } from './world.ts'

const addresses = `/compute/v1/projects/${project}/global/addresses`

it('an address that is named by its IP, as a MultiClusterIngress does, is found, used and never released', async () => {
  const world = await kindWorld()
  const get = async (path: string): Promise<unknown> =>
    (await world.compute.handle({ method: 'GET', path, query: {}, headers: {}, body: undefined })).body
  await world.byHand('POST', 'global/addresses', { name: 'mine' })
  const { address } = (await get(`${addresses}/mine`)) as { address: string }
  await world.publish(modelOf({ name: 'edge', settings: { staticIp: address } }))
  expect(await world.deps.store.get('ingresses', 'default/edge')).toMatchObject({ phase: 'Ready' })
  const [rule] = await world.idsOf('forwarding-rule')
  const claims = await world.deps.store.get('claims', `${rule ?? ''}|default/edge`)
  expect(claims?.want).toMatchObject({ IPAddress: address })
  await world.withdraw('default/edge')
  expect(await get(`${addresses}/mine`)).toMatchObject({ address })
})

it('an IP that no address of the project has is said to be missing', async () => {
  const world = await kindWorld()
  await world.publish(modelOf({ name: 'edge', settings: { staticIp: '198.51.100.1' } }))
  const [id] = await world.idsOf('address')
  expect(id && (await world.doc(id))).toMatchObject({
    phase: 'Failed',
    why: expect.stringMatching(/no global address of this project has the IP 198.51.100.1/) as string,
  })
})
