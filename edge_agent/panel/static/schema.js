// OpenAPI schemas as short words: "integer · 0 … 1000 · or null".

const PREFIX = '#/components/schemas/';

/** The name behind a reference, "" when the schema is written in place. */
export function nameOf(schema) {
  return schema?.$ref?.startsWith(PREFIX) ? schema.$ref.slice(PREFIX.length) : '';
}

/** Parts of a type, each { text } or { name } for a named one. */
export function typeOf(schema) {
  if (!schema || !Object.keys(schema).length) return [{ text: 'any' }];
  const name = nameOf(schema);
  if (name) return [{ name }];
  if (schema.enum) return [{ text: schema.enum.map((item) => JSON.stringify(item)).join(' | ') }];
  if (schema.const !== undefined) return [{ text: JSON.stringify(schema.const) }];
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) {
    return choices.flatMap((item, index) => [
      ...(index ? [{ text: ' or ' }] : []),
      ...typeOf(item),
    ]);
  }
  if (schema.type === 'array') return [{ text: 'list of ' }, ...typeOf(schema.items)];
  if (schema.type === 'object' && schema.additionalProperties instanceof Object) {
    return [{ text: 'map of ' }, ...typeOf(schema.additionalProperties)];
  }
  return [{ text: schema.type ?? 'any' }];
}

function range(low, high, unit) {
  if (low === undefined && high === undefined) return '';
  if (low === high) return `${low}${unit}`;
  if (low === undefined) return `at most ${high}${unit}`;
  return high === undefined ? `at least ${low}${unit}` : `${low} … ${high}${unit}`;
}

/** Bounds of a value in words; looks into the choices of an optional value. */
export function boundsOf(schema) {
  const own = (schema.anyOf ?? []).find((item) => item.type !== 'null') ?? schema;
  const over = own.exclusiveMinimum;
  return [
    over === undefined ? '' : `over ${over}`,
    range(own.minimum, own.maximum, ''),
    range(own.minLength, own.maxLength, ' characters'),
    range(own.minItems, own.maxItems, ' items'),
    own.pattern ? `matches ${own.pattern}` : '',
    schema.default !== undefined && schema.default !== null
      ? `default ${JSON.stringify(schema.default)}`
      : '',
  ].filter(Boolean);
}

/** Rows of an object: name, type, bounds, whether it must be there, text. */
export function rowsOf(schema) {
  const needed = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, value]) => ({
    name,
    schema: value,
    bounds: boundsOf(value),
    isRequired: needed.has(name),
    text: value.description ?? '',
  }));
}

/** Routes by tag, in the order of the document. */
export function routesByTag(document) {
  const groups = new Map();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, route] of Object.entries(methods)) {
      const tag = route.tags?.[0] ?? 'other';
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ method: method.toUpperCase(), path, ...route });
    }
  }
  return groups;
}
