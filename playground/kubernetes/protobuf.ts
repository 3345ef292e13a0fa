import { ApiError } from './api-error.ts'
import type { Json } from './json.ts'
import { protobufKinds, type ProtobufMessage, type ProtobufType } from './protobuf-tables.ts'

const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00])
const envelope: ProtobufMessage = {
  message: {
    1: ['type', { message: { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] } }],
    2: ['raw', 'bytes'],
    3: ['contentEncoding', 'ignored'],
    4: ['contentType', 'ignored'],
  },
}

/** The object in a protobuf body. Throws 415 for a kind or a member that the tables do not have, 400 for a body that is damaged. */
export function readProtobuf(body: Buffer): Json {
  if (!body.subarray(0, magic.length).equals(magic)) throw damaged()
  const outer = decode(envelope, body.subarray(magic.length), 'Unknown')
  const type = outer['type']
  const { apiVersion, kind } = isRecord(type) ? type : {}
  const table = typeof kind === 'string' && Object.hasOwn(protobufKinds, kind) ? protobufKinds[kind] : undefined
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || table === undefined)
    throw unreadable(`objects of kind ${typeof kind === 'string' ? kind : '(none)'}`)
  const raw = outer['raw']
  return { apiVersion, kind, ...decode(table, Buffer.from(typeof raw === 'string' ? raw : '', 'base64'), kind) }
}

type Members = Record<string, Json>

function decode(type: ProtobufMessage, bytes: Buffer, path: string): Members {
  const members: Members = {}
  const reader = { bytes, offset: 0 }
  while (reader.offset < bytes.length) {
    const tag = varint(reader)
    const number = Math.floor(tag / 8)
    const value = tag % 8 === 0 ? varint(reader) : tag % 8 === 2 ? slice(reader) : undefined
    if (value === undefined) throw damaged()
    const [name, of] = type.message[number] ?? []
    if (name === undefined || of === undefined) {
      if (Buffer.isBuffer(value) ? value.length > 0 : value !== 0) throw unreadable(`field ${number} of ${path}`)
    } else add(members, name, of, value, `${path}.${name}`)
  }
  return members
}

function add(members: Members, name: string, type: ProtobufType, value: number | Buffer, path: string): void {
  if (type === 'ignored') return
  if (typeof type === 'object' && 'map' in type) {
    const entry = decode({ message: { 1: ['key', 'string'], 2: ['value', type.map] } }, bufferOf(value), path)
    const key = entry['key']
    const present = members[name]
    members[name] = {
      ...(isRecord(present) ? present : {}),
      [typeof key === 'string' ? key : '']: entry['value'] ?? '',
    }
  } else if (typeof type === 'object' && 'list' in type) {
    const present = members[name]
    members[name] = [...(Array.isArray(present) ? (present as Json[]) : []), scalar(type.list, value, path)]
  } else if (typeof type === 'object' && type.inline === true)
    Object.assign(members, decode(type, bufferOf(value), path))
  else {
    const read = scalar(type, value, path)
    // Go sends a string or number that is not set as empty.
    if (read !== '' && read !== 0 && read !== false) members[name] = read
  }
}

function scalar(type: ProtobufType, value: number | Buffer, path: string): Json {
  switch (type) {
    case 'string':
      return bufferOf(value).toString('utf8')
    case 'bytes':
      return bufferOf(value).toString('base64')
    case 'int':
      return numberOf(value)
    case 'bool':
      return numberOf(value) !== 0
    case 'intOrString': {
      const choice = decode(
        { message: { 1: ['type', 'int'], 2: ['int', 'int'], 3: ['text', 'string'] } },
        bufferOf(value),
        path,
      )
      return choice['type'] === 1 ? (choice['text'] ?? '') : (choice['int'] ?? 0)
    }
    case 'ignored':
      return null
    default:
      if ('message' in type) return decode(type, bufferOf(value), path)
      throw unreadable(path)
  }
}

function varint(reader: { bytes: Buffer; offset: number }): number {
  let value = 0
  for (let shift = 0; shift < 49; shift += 7) {
    const byte = reader.bytes[reader.offset]
    if (byte === undefined) throw damaged()
    reader.offset += 1
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  throw damaged()
}

function slice(reader: { bytes: Buffer; offset: number }): Buffer {
  const length = varint(reader)
  const end = reader.offset + length
  if (end > reader.bytes.length) throw damaged()
  const part = reader.bytes.subarray(reader.offset, end)
  reader.offset = end
  return part
}

function bufferOf(value: number | Buffer): Buffer {
  if (typeof value === 'number') throw damaged()
  return value
}

function numberOf(value: number | Buffer): number {
  if (typeof value !== 'number') throw damaged()
  return value
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function damaged(): ApiError {
  return new ApiError(400, 'BadRequest', 'the body of the request is not a protobuf message of Kubernetes')
}

function unreadable(what: string): ApiError {
  return new ApiError(
    415,
    'UnsupportedMediaType',
    `this server does not read ${what} in protobuf; accepted media types include: application/json, application/yaml`,
    {},
  )
}
