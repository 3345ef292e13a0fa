import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import type { Report, ResourceReport } from '../../cli/report.ts'
import { stagesOf, treeOf } from '../../cli/stages.ts'
import { table } from '../../cli/terminal.ts'

const plain = pc.createColors(false)

function resource(id: string, phase: string, why: string, dependsOn: string[] = []): ResourceReport {
  const [kind = ''] = id.split('/')
  return { id, kind, name: id, phase, why, dependsOn, updatedAt: '' }
}

const check = resource('health-check/p/hc', 'Ready', 'as wanted')
const backends = [
  resource('backend-service/p/b1', 'Ready', 'as wanted', ['health-check/p/hc']),
  resource('backend-service/p/b2', 'Working', 'being created: it does not exist', ['health-check/p/hc']),
]
const map = resource(
  'url-map/p/um',
  'Waiting',
  'waits for backend-service b2',
  backends.map(({ id }) => id),
)

function report(resources: ResourceReport[]): Report {
  return {
    namespace: 'default',
    name: 'shop',
    loadBalancer: 'shop',
    phase: 'Progressing',
    vip: null,
    generation: 1,
    clusters: [],
    resources,
    clusterStates: [],
    conditions: [],
  }
}

describe('the tree of stages', () => {
  const tree = (resources: ResourceReport[], columns = 80, rows = 24): string[] =>
    treeOf(report(resources), 'default/shop', 12_340, { columns, rows }, plain)

  it('counts every stage in the order of what refers to what, and opens those that are not Ready', () => {
    expect(tree([map, ...backends, check])).toEqual([
      'default/shop  Progressing  12.3 s',
      '  ✓ health-check     1/1',
      '  ● backend-service  1/2',
      '      ● b2: being created: it does not exist',
      '  ○ url-map          0/1',
      '      ○ um: waits for backend-service b2',
    ])
  })

  it('shows the worst of a stage', () => {
    expect(tree([resource('address/p/a', 'Waiting', ''), resource('address/p/b', 'Failed', 'no quota')])).toEqual([
      'default/shop  Progressing  12.3 s',
      '  ✗ address          0/2',
      '      ○ a: ',
      '      ✗ b: no quota',
    ])
  })

  it.each([
    { reason: 'a narrow terminal', columns: 40, rows: 24 },
    { reason: 'a low terminal', columns: 80, rows: 8 },
    { reason: 'a tiny terminal', columns: 20, rows: 1 },
  ])('fits into $reason, so that it can be redrawn', ({ columns, rows }) => {
    const many = Array.from({ length: 50 }, (_, n) => resource(`health-check/p/h${n}`, 'Working', 'x'.repeat(300)))
    const lines = tree(many, columns, rows)
    expect(lines.length).toBeLessThanOrEqual(Math.max(3, rows - 2))
    for (const line of lines.slice(1)) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 30))
  })

  it('says of what is not there that it is not', () => {
    expect(treeOf(undefined, 'default/shop', 0, { columns: 80, rows: 24 }, plain)).toEqual([
      'default/shop  not there yet  0.0 s',
    ])
  })

  it('comes to an end also for resources that refer to each other in a circle', () => {
    const circle = [resource('a/p/x', 'Ready', '', ['b/p/y']), resource('b/p/y', 'Ready', '', ['a/p/x'])]
    expect(
      stagesOf(circle)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['a', 'b'])
  })
})

describe('a table', () => {
  it('is as wide as its cells, and nothing stands at the end of lines', () => {
    expect(
      table(
        ['A', 'LONG', 'C'],
        [
          ['aaa', '', 'c'],
          ['b', 'x', ''],
        ],
      ),
    ).toBe('A    LONG  C\naaa        c\nb    x')
  })
})
