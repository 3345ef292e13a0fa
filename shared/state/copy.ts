/** A deep copy of plain JSON; many times faster than structuredClone. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((element: unknown) => copyOf(element)) as T
  // What is copied whole keeps its shape, and only members that are objects have to be replaced.
  const copy = { ...value } as Record<string, unknown>
  for (const key of Object.keys(copy)) {
    const member = copy[key]
    if (typeof member === 'object' && member !== null) copy[key] = copyOf(member)
  }
  return copy as T
}
