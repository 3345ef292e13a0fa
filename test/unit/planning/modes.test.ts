import { describe, expect, it } from 'vitest'
import { modeOf, type BackendMode } from '../../../shared/planning/modes.ts'
import { placesOf } from '../../../shared/planning/service-layout.ts'
import { clusterOf, portOf, serviceOf } from './facts.ts'

const all = '{"ingress":true}'
const exposed = '{"exposed_ports":{"80":{}}}'

/** Clusters a, b, ... by what their Service's annotation says. */
const places = (...negs: (string | null)[]) =>
  placesOf(
    'web',
    80,
    negs.map((neg, index) =>
      clusterOf(String.fromCharCode(97 + index), {
        view: { services: { web: serviceOf([portOf()], neg === null ? {} : { neg }) } },
      }),
    ),
  )

describe('modeOf', () => {
  const rows: { reason: string; setting?: BackendMode; negs: (string | null)[]; mode: BackendMode; why: RegExp }[] = [
    { reason: 'nobody asks', negs: [null, null], mode: 'instance-groups', why: /in no cluster/ },
    { reason: 'everybody asks', negs: [all, all], mode: 'neg', why: /in every cluster that has it/ },
    { reason: 'everybody asks, each in his way', negs: [all, exposed], mode: 'neg', why: /in every cluster/ },
    {
      reason: 'exposed in one cluster, for somebody else perhaps: instance groups are everywhere',
      negs: [exposed, null],
      mode: 'instance-groups',
      why: /in a and not in b, and instance groups serve in all/,
    },
    {
      reason: 'switched off counts as not asked',
      negs: ['{"ingress":false}'],
      mode: 'instance-groups',
      why: /no cluster/,
    },
    { reason: 'the annotation decides for them', setting: 'neg', negs: [null], mode: 'neg', why: /backends says so/ },
    {
      reason: 'the annotation decides against them',
      setting: 'instance-groups',
      negs: [all],
      mode: 'instance-groups',
      why: /backends says so/,
    },
  ]
  for (const { reason, setting, negs, mode, why } of rows)
    it(reason, () =>
      expect(modeOf(setting ?? 'auto', 80, places(...negs))).toEqual({
        is: 'decided',
        mode,
        why: expect.stringMatching(why) as unknown,
      }),
    )

  it('a mixture names the clusters on both sides and says what to change', () => {
    expect(modeOf('auto', 80, places(all, null, all))).toEqual({
      is: 'mixed',
      message: expect.stringMatching(
        /in cluster a, c and not in b.*\{"ingress":true\} in b too, or to \{"ingress":false\} in a, c$/,
      ) as unknown,
    })
  })

  it('exposed ports without a NodePort are no way back to instance groups', () => {
    const [a] = placesOf('web', 80, [
      clusterOf('a', { view: { services: { web: serviceOf([portOf({ nodePort: null })], { neg: exposed }) } } }),
    ])
    expect(modeOf('auto', 80, [...(a ? [a] : []), ...places(null)])).toMatchObject({ is: 'mixed' })
  })
})
