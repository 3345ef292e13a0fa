import { describe, expect, it } from 'vitest'
import { ownership, readStamp, serviceText, stamped } from '../../../shared/planning/stamp.ts'

const ours = (ingress: string) => stamped('Health check of kubernetes multicluster loadbalancer zp', ingress)
const kubemciMap =
  '{"Description":"URL map for kubernetes multicluster loadbalancer zp","LoadBalancerName":"zp","Clusters":["c0"],"IPAddress":"35.190.0.1"}'
const ourMap = `${kubemciMap.slice(0, -1)},"Stamp":"managed by multi-cluster-ingress for Ingress default/zp"}`

describe('readStamp', () => {
  const rows: { text: string | undefined; want: ReturnType<typeof readStamp>; reason: string }[] = [
    { text: ours('default/zp'), want: { by: 'us', ingress: 'default/zp' }, reason: "ours after kubemci's text" },
    { text: ourMap, want: { by: 'us', ingress: 'default/zp' }, reason: 'ours inside the status JSON' },
    { text: kubemciMap, want: { by: 'kubemci', loadBalancer: 'zp' }, reason: "kubemci's status JSON" },
    {
      text: serviceText('Backend service', 'default', 'web', 80, 'zp'),
      want: { by: 'kubemci', loadBalancer: 'zp' },
      reason: "kubemci's text of a service",
    },
    { text: 'made by hand', want: { by: 'nobody' }, reason: 'somebody else' },
    { text: '', want: { by: 'nobody' }, reason: 'an empty description' },
    { text: undefined, want: { by: 'nobody' }, reason: 'no description' },
  ]
  for (const { text, want, reason } of rows) it(reason, () => expect(readStamp(text)).toEqual(want))
})

describe('ownership', () => {
  const rows: {
    reason: string
    description: string | undefined
    name?: string
    wanted: { ingress: string; lb: string } | null
    is: ReturnType<typeof ownership>
  }[] = [
    {
      reason: 'our stamp for this Ingress',
      description: ours('default/zp'),
      wanted: { ingress: 'default/zp', lb: 'zp' },
      is: { owner: 'ours', stampedFor: 'default/zp' },
    },
    {
      reason: 'our stamp for another Ingress',
      description: ours('shop/zp'),
      wanted: { ingress: 'default/zp', lb: 'zp' },
      is: { owner: 'foreign', ownedBy: 'it belongs to Ingress shop/zp', stampedFor: 'shop/zp' },
    },
    {
      reason: 'an Ingress whose name only begins like ours',
      description: ours('default/zp2'),
      wanted: { ingress: 'default/zp', lb: 'zp' },
      is: { owner: 'foreign', ownedBy: 'it belongs to Ingress default/zp2', stampedFor: 'default/zp2' },
    },
    {
      reason: 'on its way out: the engine holds the stamp against its document',
      description: ours('shop/zp'),
      wanted: null,
      is: { owner: 'ours', stampedFor: 'shop/zp' },
    },
    {
      reason: 'kubemci made it for this load balancer',
      description: kubemciMap,
      wanted: { ingress: 'default/zp', lb: 'zp' },
      is: { owner: 'ours' },
    },
    {
      reason: 'kubemci made it for another load balancer',
      description: kubemciMap,
      wanted: { ingress: 'default/zq', lb: 'zq' },
      is: { owner: 'foreign', ownedBy: "it belongs to kubemci's load balancer zp" },
    },
    {
      reason: 'no stamp',
      description: '',
      wanted: { ingress: 'default/zp', lb: 'zp' },
      is: { owner: 'foreign', ownedBy: 'no stamp of ours' },
    },
    {
      reason: 'no stamp, on its way out',
      description: undefined,
      wanted: null,
      is: { owner: 'foreign', ownedBy: 'no stamp of ours' },
    },
    {
      reason: 'kubemci made it for the load balancer of its name, on its way out',
      name: 'mci1-tp--zp',
      description: 'Target http proxy for kubernetes multicluster loadbalancer zp',
      wanted: null,
      is: { owner: 'ours' },
    },
    {
      reason: 'a long name, cut as kubemci did',
      name: `mci1-tp--${'l'.repeat(53)}0`,
      description: `Target http proxy for kubernetes multicluster loadbalancer ${'l'.repeat(60)}`,
      wanted: null,
      is: { owner: 'ours' },
    },
    {
      reason: 'kubemci made it for another load balancer than its name says: we refused it when we wanted it',
      name: 'mci1-tp--zp',
      description: 'Target http proxy for kubernetes multicluster loadbalancer other',
      wanted: null,
      is: { owner: 'foreign', ownedBy: "it belongs to kubemci's load balancer other" },
    },
  ]
  for (const { reason, name, description, wanted, is } of rows)
    it(reason, () =>
      expect(
        ownership(
          { ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }) },
          wanted,
        ),
      ).toEqual(is),
    )

  it('nothing there belongs to nobody', () => expect(ownership(undefined, null).owner).toBe('foreign'))
})
