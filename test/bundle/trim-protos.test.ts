import { describe, expect, it } from 'vitest'
import { trimProtos, type ProtoNode } from '../../scripts/bundle/trim-protos.ts'

const string = { type: 'string' }
const message = (fields: Record<string, { type: string }> = {}, nested?: Record<string, ProtoNode>): ProtoNode => ({
  fields,
  ...(nested ? { nested } : {}),
})
const space = (nested: Record<string, ProtoNode>): ProtoNode => ({ nested })
const method = (requestType: string, responseType: string): ProtoNode => ({
  methods: { Call: { requestType, responseType } },
})

const protos = space({
  shop: space({
    v1: space({
      Used: method('Ask', 'Answer'),
      Unused: method('Other', 'Answer'),
      Ask: message(
        { inner: { type: 'Inner' }, shared: { type: 'types.Money' } },
        { Inner: message({ colour: { type: 'Colour' } }) },
      ),
      Answer: message({ text: string, again: { type: 'Answer' } }),
      Colour: { values: { RED: 0 } },
      Other: message(),
    }),
    v2: space({ Used: method('Ask', 'Ask'), Ask: message() }),
  }),
  types: space({ Money: message({ amount: string }), Untouched: message() }),
})

describe('trimming of protos', () => {
  const trimmed = trimProtos(protos, ['shop.v1.Used'])
  const v1 = Object.keys(trimmed.nested?.['shop']?.nested?.['v1']?.nested ?? {}).sort()

  it('keeps the service and all that it leads to, and nothing else of its package', () => {
    expect(v1).toEqual(['Answer', 'Ask', 'Colour', 'Used'])
    expect(Object.keys(trimmed.nested?.['shop']?.nested ?? {})).toEqual(['v1'])
  })
  it('keeps messages inside messages', () => {
    expect(trimmed.nested?.['shop']?.nested?.['v1']?.nested?.['Ask']?.nested).toHaveProperty('Inner')
  })
  it('keeps of other packages what is used', () => {
    expect(Object.keys(trimmed.nested?.['types']?.nested ?? {})).toEqual(['Money'])
  })
  it.each([
    ['a service that is not there', ['shop.v1.Gone'], 'have no service shop.v1.Gone'],
    ['a message in place of a service', ['shop.v1.Ask'], 'have no service shop.v1.Ask'],
  ])('refuses %s', (_reason, services, complaint) => {
    expect(() => trimProtos(protos, services)).toThrow(complaint)
  })
  it('refuses protos that name a type they do not have', () => {
    expect(() => trimProtos(space({ a: space({ S: method('Nowhere', 'Nowhere') }) }), ['a.S'])).toThrow('Nowhere')
  })
})
