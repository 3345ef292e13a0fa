import { describe, expect, it } from 'vitest'
import { layOutGraph } from '../../functions/dashboard/graph-layout.js'
import type { Resource } from '../../functions/dashboard/api-types.ts'

const resource = (id: string, dependsOn: string[] = [], phase = 'Ready'): Resource => ({
  id,
  kind: id.split('/')[0] ?? '',
  name: id.split('/')[1] ?? '',
  phase,
  why: '',
  dependsOn,
  waitingOn: [],
  wanted: true,
  updatedAt: '2026-01-01T00:00:00.000Z',
})
const stages = (resources: Resource[], opened: string[] = []): Record<string, number> =>
  Object.fromEntries(layOutGraph(resources, new Set(opened)).map(({ key, stage }) => [key, stage]))

describe('the graph of resources', () => {
  it('puts everything to the right of what it needs, by the longest way', () => {
    expect(
      stages([
        resource('rule/r', ['proxy/p', 'check/c']),
        resource('proxy/p', ['map/m']),
        resource('map/m', ['check/c']),
        resource('check/c'),
      ]),
    ).toEqual({ 'check/c': 0, 'map/m': 1, 'proxy/p': 2, 'rule/r': 3 })
  })

  it('moves what needs nothing next to what needs it', () => {
    expect(
      stages([
        resource('rule/r', ['proxy/p', 'address/a']),
        resource('proxy/p', ['map/m']),
        resource('map/m'),
        resource('address/a'),
      ]),
    ).toMatchObject({ 'address/a': 1, 'rule/r': 2 })
  })

  it('draws many of a kind as one, in the worst state of them, until they are asked for', () => {
    const checks = Array.from({ length: 6 }, (_, index) =>
      resource(`check/${index}`, [], index === 3 ? 'Retrying' : 'Ready'),
    )
    const map = resource(
      'map/m',
      checks.map(({ id }) => id),
    )
    const drawn = layOutGraph([...checks, map], new Set())
    expect(drawn.map(({ key, phase, before }) => [key, phase, before])).toEqual([
      ['kind:check', 'Retrying', []],
      ['map/m', 'Ready', ['kind:check']],
    ])
    expect(layOutGraph([...checks, map], new Set(['check']))).toHaveLength(7)
  })

  it('gives every box of a stage a row of its own', () => {
    const boxes = layOutGraph([resource('a/1'), resource('a/2'), resource('b/1'), resource('c/1', ['a/1'])], new Set())
    const places = boxes.map(({ stage, row }) => `${stage} ${row}`)
    expect(new Set(places).size).toBe(places.length)
  })

  it.each([
    { reason: 'nothing', resources: [] },
    { reason: 'what is needed is not there', resources: [resource('a/1', ['b/gone'])] },
    { reason: 'a ring', resources: [resource('a/1', ['b/1']), resource('b/1', ['a/1'])] },
    { reason: 'itself', resources: [resource('a/1', ['a/1'])] },
  ])('comes to an end: $reason', ({ resources }) => {
    expect(layOutGraph(resources, new Set())).toHaveLength(resources.length)
  })
})
