import { invalidValue, required, type Cause } from '../api-error.ts'
import { fields, items, text } from '../json.ts'
import type { Kind } from '../kinds.ts'
import type { KubeObject } from '../object.ts'

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const label1123 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const qualified = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const label1035Rule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const label1123Rule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

/** Annotations of one object together: 256 KiB, as ValidateAnnotationsSize of the real server. */
const maxAnnotations = 256 * 1024

/** What is wrong with an object's metadata, for every kind. */
export function metadataCauses(kind: Kind, object: KubeObject): Cause[] {
  const { name } = object.metadata
  const causes: Cause[] = []
  if (name === '') causes.push(required('metadata.name', 'name or generateName is required'))
  else if (kind.plural === 'services') {
    if (!label1035.test(name) || name.length > 63) causes.push(invalidValue('metadata.name', name, label1035Rule))
  } else if (kind.plural === 'namespaces') {
    if (!label1123.test(name) || name.length > 63) causes.push(invalidValue('metadata.name', name, label1123Rule))
  } else if (!subdomain.test(name) || name.length > 253) causes.push(invalidValue('metadata.name', name, subdomainRule))

  for (const [key, value] of Object.entries(fields(object, 'metadata', 'labels'))) {
    if (!qualified.test(key))
      causes.push(
        invalidValue('metadata.labels', key, 'name part must consist of alphanumeric characters, "-", "_" or "."'),
      )
    if (typeof value !== 'string' || !labelValue.test(value)) {
      causes.push(
        invalidValue(
          'metadata.labels',
          value,
          'a valid label must be an empty string or consist of alphanumeric characters, "-", "_" or "."',
        ),
      )
    }
  }
  let size = 0
  for (const [key, value] of Object.entries(fields(object, 'metadata', 'annotations'))) {
    if (!qualified.test(key.toLowerCase())) {
      causes.push(
        invalidValue('metadata.annotations', key, 'name part must consist of alphanumeric characters, "-", "_" or "."'),
      )
    }
    if (typeof value !== 'string') causes.push(invalidValue('metadata.annotations', value, 'must be a string'))
    else size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (size > maxAnnotations) {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Too long: may not be more than ${maxAnnotations} bytes`,
      field: 'metadata.annotations',
    })
  }
  for (const [index, owner] of items(object, 'metadata', 'ownerReferences').entries()) {
    if (text(owner, 'uid') === undefined)
      causes.push(required(`metadata.ownerReferences[${index}].uid`, 'must not be empty'))
  }
  return causes
}

/** True for a name that can be a host: an RFC 1123 subdomain. */
export function isSubdomain(name: string): boolean {
  return name.length <= 253 && subdomain.test(name)
}
