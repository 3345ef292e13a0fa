import fc from 'fast-check'
import { stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { parseAttributes } from '../../../shared/ingress/attributes.ts'
import { editDistance, nearest } from '../../../shared/ingress/edit-distance.ts'
import { checkHost } from '../../../shared/ingress/hosts.ts'
import { parseManifest } from '../../../shared/ingress/manifest.ts'
import { checkPath } from '../../../shared/ingress/paths.ts'
import { parseSelector } from '../../../shared/ingress/selector.ts'
import { yamlNoise } from '../../fuzz/inputs.ts'
import { backend, ingressObject, rule } from './manifests.ts'

const anything = fc.anything({ maxDepth: 4, withNullPrototype: true })

/** A good Ingress, one of whose parts is replaced by anything at all. */
const damaged = fc
  .tuple(
    fc.constantFrom('apiVersion', 'kind', 'metadata', 'spec', 'rules', 'tls', 'backend', 'path', 'annotations', 'port'),
    fc.jsonValue(),
  )
  .map(([part, value]) => {
    const good = ingressObject({ annotations: { 'multicluster-ingress.io/mode': 'observe' } })
    const path = { path: '/', pathType: 'Exact', backend: backend() }
    switch (part) {
      case 'apiVersion':
      case 'kind':
      case 'metadata':
      case 'spec':
        return { ...good, [part]: value }
      case 'annotations':
        return { ...good, metadata: { name: 'web', annotations: value } }
      case 'rules':
      case 'tls':
        return { ...good, spec: { ...good.spec, [part]: value } }
      case 'path':
        return { ...good, spec: { rules: [{ http: { paths: [value] } }] } }
      case 'port':
        return { ...good, spec: { defaultBackend: { service: { name: 'a', port: value } } } }
      case 'backend':
        return { ...good, spec: { rules: [{ http: { paths: [{ ...path, backend: value }] } }] } }
    }
  })

function isBounded(parsed: ReturnType<typeof parseManifest>): boolean {
  if (parsed.ok) return parsed.ingresses.length > 0
  return (
    parsed.problems.length > 0 && parsed.problems.every(({ where, message }) => where !== '' && /[.?…]$/.test(message))
  )
}

describe('no text makes the readers throw, and every answer says something', () => {
  it('noise of YAML', () => {
    fc.assert(
      fc.property(yamlNoise, (text) => isBounded(parseManifest(text))),
      { numRuns: 1500 },
    )
  })

  it('any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => isBounded(parseManifest(text))),
      { numRuns: 500 },
    )
  })

  it('a good Ingress with one damaged part', () => {
    fc.assert(
      fc.property(damaged, (object) => isBounded(parseManifest(JSON.stringify(object)))),
      { numRuns: 1500 },
    )
  })

  it('a manifest cut off anywhere', () => {
    const text = stringify(ingressObject({ spec: { rules: [rule('a.example', ['Prefix', '/', backend()])] } }))
    fc.assert(fc.property(fc.nat(text.length), (length) => isBounded(parseManifest(text.slice(0, length)))))
  })

  it('any attributes', () => {
    fc.assert(
      fc.property(anything, fc.boolean(), (attributes, data) => {
        const parsed = parseAttributes(attributes, data)
        return parsed.ok || parsed.problems.length > 0
      }),
      { numRuns: 1000 },
    )
  })

  it('any selector, host and path', () => {
    const words = fc
      .array(
        fc.constantFrom(
          'a',
          'in',
          'notin',
          '(',
          ')',
          ',',
          '=',
          '!',
          '==',
          '!=',
          '>',
          '<',
          ' ',
          '1',
          '/',
          '*',
          '.',
          '?',
          '%2f',
          'ü',
        ),
        { maxLength: 30 },
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ unit: 'binary' })), (text) => {
        const selector = parseSelector(text)
        expect(selector.ok || selector.problems.length > 0).toBe(true)
        const host = checkHost(text)
        // What is taken is in the form that Kubernetes and a URL map take.
        if (host.problem === null) expect(host.host).toMatch(/^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
        for (const type of ['Exact', 'Prefix', 'ImplementationSpecific'] as const) {
          const path = checkPath(type, text)
          if (path.problem === null) expect(path.path).toMatch(/^\/([!-)+->@-~]*|([!-)+->@-~]*\/)?\*)$/)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the model does not depend on the order of what has none', () => {
  const host = fc.constantFrom('a.example', 'b.example', '*.c.example', undefined)
  const path = fc.tuple(fc.constantFrom('Exact', 'Prefix'), fc.constantFrom('/', '/x', '/x/y', '/z'))
  const rules = fc.uniqueArray(
    fc.tuple(host, fc.uniqueArray(path, { minLength: 1, maxLength: 4, selector: (one) => one.join() })),
    { minLength: 1, maxLength: 4, selector: ([name]) => name },
  )
  const one = rules.map((list) =>
    list.map(([name, paths]) =>
      rule(name, ...paths.map(([type, text]): [string, string, ReturnType<typeof backend>] => [type, text, backend()])),
    ),
  )

  it('hosts', () => {
    fc.assert(
      fc.property(
        one.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          const read = (some: unknown[]) => {
            const parsed = parseManifest(stringify(ingressObject({ spec: { rules: some } })))
            return parsed.ok ? parsed.ingresses.map(({ model }) => model) : parsed
          }
          expect(read(shuffled)).toEqual(read(list))
        },
      ),
    )
  })

  it('documents, fields and spelling as JSON', () => {
    const named = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), one), {
      minLength: 1,
      selector: ([name]) => name,
    })
    const reversed = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(reversed)
        : value !== null && typeof value === 'object'
          ? Object.fromEntries(
              Object.entries(value)
                .map(([key, member]): [string, unknown] => [key, reversed(member)])
                .reverse(),
            )
          : value
    fc.assert(
      fc.property(
        named.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          const objects = (some: typeof list) =>
            some.map(([name, spec]) =>
              ingressObject({ metadata: { name, labels: { x: 'y', z: 'w' } }, spec: { rules: spec } }),
            )
          const yaml = parseManifest(
            objects(list)
              .map((object) => stringify(object))
              .join('---\n'),
          )
          const json = parseManifest(
            objects(shuffled)
              .map((object) => JSON.stringify(reversed(object)))
              .join('\n---\n'),
          )
          expect(yaml.ok).toBe(true)
          expect(json.ok && json.ingresses.map(({ model, source }) => ({ model, source }))).toEqual(
            yaml.ok && yaml.ingresses.map(({ model, source }) => ({ model, source })),
          )
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('edit distance', () => {
  /** The textbook table, without a limit. */
  const plain = (a: string, b: string): number => {
    const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
    for (let i = 1; i <= a.length; i += 1) {
      const row = [i]
      for (let j = 1; j <= b.length; j += 1) {
        const at = (r: number, c: number) => rows[r]?.[c] ?? 0
        let cost = Math.min(at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1))
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
          cost = Math.min(cost, at(i - 2, j - 2) + 1)
        row.push(cost)
      }
      rows.push(row)
    }
    return rows[a.length]?.[b.length] ?? 0
  }

  it('is that of the whole table, up to the limit', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 4 }), (a, b, limit) => {
        expect(editDistance(a, b, limit)).toBe(Math.min(plain(a, b), limit + 1))
      }),
      { numRuns: 2000 },
    )
  })

  it('finds the nearest other word', () => {
    expect(nearest('actoin', ['name', 'action'], 1)).toBe('action')
    expect(nearest('action', ['action'], 2)).toBeUndefined()
    expect(nearest('pathes', ['path', 'paths'], 2)).toBe('paths')
  })
})
