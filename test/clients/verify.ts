import type { OpenApi, Schema } from './document.ts';

/**
 * Compares an answer with what is at least in it.
 * @returns a line of text for each difference. A field that is missing counts as null, since some
 *   clients leave null out; an item of a list may be anywhere in it; a text is a part of a text.
 */
export function differences(actual: unknown, expected: unknown, place = 'the answer'): string[] {
  if (Array.isArray(expected)) {
    const items: unknown[] = Array.isArray(actual) ? actual : [];
    return expected
      .filter((item) => !items.some((other) => differences(other, item).length === 0))
      .map((item) => `${place} has no item ${JSON.stringify(item)}: ${JSON.stringify(actual)}`);
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null)
      return [`${place} is ${JSON.stringify(actual)}`];
    return Object.entries(expected).flatMap(([name, value]) =>
      differences((actual as Record<string, unknown>)[name], value, `${place}.${name}`),
    );
  }
  const isIn = typeof expected === 'string' && typeof actual === 'string';
  if (isIn ? actual.includes(expected) : (actual ?? null) === (expected ?? null)) return [];
  return [`${place} is ${JSON.stringify(actual)} and not ${JSON.stringify(expected)}`];
}

/** The fields of an answer that its schema does not name, unless it says that there are others. */
export function undocumentedFields(
  value: unknown,
  schema: Schema | undefined,
  document: OpenApi,
  place = 'the answer',
): string[] {
  const name = schema?.$ref?.split('/').at(-1);
  const { properties, additionalProperties, items } =
    (name === undefined ? schema : document.components.schemas[name]) ?? {};
  if (Array.isArray(value))
    return value.flatMap((item) => undocumentedFields(item, items, document, `${place}[]`));
  // A schema that names no field says nothing of them.
  if (typeof value !== 'object' || value === null || !(properties ?? additionalProperties))
    return [];
  return Object.entries(value).flatMap(([field, part]) => {
    const known = properties?.[field];
    if (!known && !additionalProperties) return [`${place}.${field} is not in the document`];
    const other = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    return undocumentedFields(part, known ?? other, document, `${place}.${field}`);
  });
}
