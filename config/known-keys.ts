/** Which keys the schema has at a place: what is told to somebody who wrote another one. */
import { z } from 'zod';
import { configSchema } from './schema.ts';

interface JsonSchema {
  readonly properties?: Record<string, JsonSchema>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

/** The keys at a path of the configuration, of all its variants, in the order of the schema. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  const whole = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  let here = variantsOf(whole);
  for (const key of path) here = here.flatMap((schema) => childrenOf(schema, key));
  return [...new Set(here.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

function childrenOf(schema: JsonSchema, key: PropertyKey): JsonSchema[] {
  const { properties, items, additionalProperties: others } = schema;
  const child =
    properties?.[String(key)] ?? items ?? (typeof others === 'object' ? others : undefined);
  return child === undefined ? [] : variantsOf(child);
}

function variantsOf(schema: JsonSchema): JsonSchema[] {
  const variants = schema.oneOf ?? schema.anyOf;
  return variants === undefined ? [schema] : variants.flatMap(variantsOf);
}
