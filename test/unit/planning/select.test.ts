import { describe, expect, it } from 'vitest'
import { select } from '../../../shared/planning/select.ts'
import type { IngressSettings } from '../../../shared/ingress/model.ts'
import type { ClusterDoc, Selection } from '../../../shared/state/documents.ts'
import { clusterDoc, everything, modelOf } from './facts.ts'

const labelled = (name: string, env: string): ClusterDoc => {
  const doc = clusterDoc(name)
  return { ...doc, registration: { ...doc.registration, labels: { env } } }
}
const registered = [labelled('b', 'prod'), labelled('a', 'prod'), labelled('c', 'test')]
const prod: IngressSettings['clusterSelector'] = [{ key: 'env', operator: 'In', values: ['prod'] }]

describe('select', () => {
  const rows: {
    reason: string
    selection?: Partial<Selection>
    selector?: IngressSettings['clusterSelector']
    clusters?: ClusterDoc[]
    want: Partial<ReturnType<typeof select>>
  }[] = [
    { reason: 'nothing said: every registered cluster', want: { names: ['a', 'b', 'c'], unknown: [], drained: [] } },
    { reason: 'nothing registered', clusters: [], want: { names: [], unknown: [] } },
    { reason: 'exactly those named', selection: { clusters: ['c', 'a'] }, want: { names: ['a', 'c'] } },
    {
      reason: 'a name that is not registered is told',
      selection: { clusters: ['a', 'z'] },
      want: { names: ['a'], unknown: ['z'] },
    },
    { reason: 'those whose labels match', selector: prod, want: { names: ['a', 'b'] } },
    { reason: 'an empty selector is met by all', selector: [], want: { names: ['a', 'b', 'c'] } },
    {
      reason: 'removed ones are out though everything is selected',
      selection: { excluded: ['b'] },
      want: { names: ['a', 'c'], unknown: [] },
    },
    {
      reason: 'removed ones are out of those named, and not unknown',
      selection: { clusters: ['a', 'z'], excluded: ['z'] },
      want: { names: ['a'], unknown: [] },
    },
    {
      reason: 'removed ones are out of those that match',
      selector: prod,
      selection: { excluded: ['a'] },
      want: { names: ['b'] },
    },
    {
      reason: 'one that is being unregistered is out, and unknown from then on',
      clusters: [clusterDoc('a'), clusterDoc('b', { leaving: true })],
      selection: { clusters: ['a', 'b'] },
      want: { names: ['a'], unknown: ['b'] },
    },
    {
      reason: 'one that is being unregistered and was not named is missed by nobody',
      clusters: [clusterDoc('a'), clusterDoc('b', { leaving: true })],
      want: { names: ['a'], unknown: [] },
    },
    {
      reason: 'a drained one stays selected',
      selection: { drained: ['b'] },
      want: { names: ['a', 'b', 'c'], drained: ['b'] },
    },
    {
      reason: 'a drained one that is not selected does not count',
      selection: { clusters: ['a'], drained: ['b'] },
      want: { drained: [] },
    },
  ]
  for (const { reason, selection, selector, clusters, want } of rows)
    it(reason, () =>
      expect(
        select(
          modelOf({ settings: { clusterSelector: selector ?? null } }),
          { ...everything, ...selection },
          clusters ?? registered,
        ),
      ).toMatchObject(want),
    )
})
