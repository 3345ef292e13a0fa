import { describe, expect, it } from 'vitest'
import { createLog } from '../../../functions/log.ts'
import { CloudError } from '../../../shared/cloud/compute-port.ts'
import { StoreBusy } from '../../../shared/state/store.ts'

const origin = { project: 'shop', service: 'plan' }

function logged(
  fields: Record<string, unknown>,
  level: 'debug' | 'warn' | 'silent' = 'debug',
): Record<string, unknown>[] {
  const lines: string[] = []
  createLog(level, origin, (line) => lines.push(line)).info(fields, 'happened')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

const only = (fields: Record<string, unknown>): Record<string, unknown> => logged(fields)[0] ?? {}

describe('the log', () => {
  it('is one line of JSON in the shape that Cloud Logging reads', () => {
    expect(only({ why: 'because\nof this' })).toMatchObject({
      severity: 'INFO',
      message: 'happened',
      why: 'because\nof this',
    })
    const lines: string[] = []
    createLog('info', origin, (line) => lines.push(line)).error({ why: 'a\nb' }, 'c')
    expect(lines.join('').match(/\n/g), 'a line break inside is no end').toHaveLength(1)
  })
  it('makes one trace of one published Ingress, in every function', () => {
    const traces = [only({ trace: '17' }), only({ trace: '17', step: 'update' }), only({ trace: '18' })].map(
      (entry) => entry['logging.googleapis.com/trace'],
    )
    expect(traces[0]).toMatch(/^projects\/shop\/traces\/[0-9a-f]{32}$/)
    expect(traces[1]).toBe(traces[0])
    expect(traces[2]).not.toBe(traces[0])
  })
  it('labels what people search by', () => {
    expect(only({ resource: 'url-map/p/x', generation: 3, why: 'y' })['logging.googleapis.com/labels']).toEqual({
      resource: 'url-map/p/x',
      generation: '3',
    })
  })
  it('says nothing below its level', () => {
    expect(logged({}, 'warn')).toEqual([])
    expect(logged({}, 'silent')).toEqual([])
  })
  it.each<[string, unknown]>([
    ['an answer of the API', new CloudError(403, 'forbidden', 'no permission')],
    ['a lost race', new StoreBusy('lost')],
    [
      'a failure of Firestore, told in words',
      new Error('The database does not exist', { cause: new Error('5 NOT_FOUND') }),
    ],
    ['something that is no error', 'text'],
  ])('is no bug: %s', (_reason, err) => {
    const entry = only({ err })
    expect(entry['@type']).toBeUndefined()
    expect(JSON.stringify(entry), 'and no stack').not.toContain('at ')
    expect(entry['error']).toBeTypeOf('string')
  })
  it('tells Error Reporting of a bug, with its stack', () => {
    expect(only({ err: new TypeError('x is undefined') })).toMatchObject({
      '@type': 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent',
      serviceContext: { service: 'plan' },
      stack_trace: expect.stringContaining('log.test.ts') as string,
    })
  })
  it('does not let a field take the place of what an entry is', () => {
    expect(only({ message: 'mine', severity: 'DEBUG' })).toMatchObject({ severity: 'INFO', message: 'happened' })
  })
  it.each([
    ['too long', { why: 'x'.repeat(300_000) }],
    [
      'a circle',
      (() => {
        const circle: Record<string, unknown> = {}
        circle['self'] = circle
        return circle
      })(),
    ],
    ['a number that JSON has not', { count: 1n }],
  ])('writes an entry also when a field is %s', (_reason, fields) => {
    const entry = only(fields)
    expect(entry['message']).toBe('happened')
    expect(JSON.stringify(entry).length).toBeLessThan(200_000)
  })
})
