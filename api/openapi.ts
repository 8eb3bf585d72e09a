/** The OpenAPI 3.1 document, made of the same schemas that check the calls. */
import { z } from 'zod';
import { file, type Route, upload } from './route.ts';

type Json = Record<string, unknown>;

const PROBLEM = { $ref: '#/components/responses/problem' };

/** The document of the routes, in their order. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    paths[route.path]![route.method] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'posp 医疗一卡通 POSP 接口',
      version,
      description:
        'Amounts are integer fen. Calls are signed or made in a session; calls that change something need an Idempotency-Key. 金额单位为分。',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: SECURITY,
      responses: RESPONSES,
      schemas: { problem: problem() },
    },
  };
}

const SECURITY = {
  session: { type: 'http', scheme: 'bearer', description: 'The token of POST /v1/sessions.' },
  cookie: { type: 'apiKey', in: 'cookie', name: 'posp_session' },
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description:
      'HMAC-SM3 or HMAC-SHA256: see docs/api.md; `posp api sign` makes the value for one call.',
  },
};

const RESPONSES = {
  problem: {
    description: 'What was wrong (RFC 9457)',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/problem' } } },
  },
};

function problem(): Json {
  return schemaOf(
    z.object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      code: z.string().describe('For programs'),
      detail: z.string(),
      errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    }),
    'output',
  );
}

function operationOf(route: Route): Json {
  const { method, path, summaryZh, summaryEn, tag, permission, changes } = route;
  const isOpen = permission === null && !changes;
  return {
    operationId: `${method}${path.replaceAll(/[^a-zA-Z]+(.)?/g, (_, next = '') => next.toUpperCase())}`,
    summary: `${summaryZh} ${summaryEn}`,
    tags: [tag],
    ...(isOpen ? {} : { security: [{ session: [] }, { cookie: [] }, { signature: [] }] }),
    ...(permission === null ? {} : { 'x-permission': permission }),
    parameters: parametersOf(route),
    ...(route.body === undefined ? {} : { requestBody: bodyOf(route.body) }),
    responses: { 200: answerOf(route.answer), default: PROBLEM },
  };
}

function parametersOf({ path, params, query, changes }: Route): Json[] {
  const inPath = [...path.matchAll(/\{([a-zA-Z]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: propertiesOf(params)[name!]?.schema ?? { type: 'string' },
  }));
  const inQuery = Object.entries(propertiesOf(query)).map(([name, { schema, required }]) => ({
    name,
    in: 'query',
    required,
    schema,
  }));
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description: 'Chosen by the caller, 1 to 128 characters: a repeat gets the same answer.',
    schema: { type: 'string' },
  };
  return changes ? [...inPath, ...inQuery, key] : [...inPath, ...inQuery];
}

function propertiesOf(schema: z.ZodType | undefined) {
  if (schema === undefined) return {};
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      { schema: property, required: required.includes(name) },
    ]),
  );
}

function bodyOf(body: z.ZodType): Json {
  if (body === upload) {
    return { required: true, content: { 'application/octet-stream': { schema: {} } } };
  }
  return { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } };
}

function answerOf(answer: z.ZodType): Json {
  if (answer === file) {
    return { description: 'The file', content: { 'application/octet-stream': { schema: {} } } };
  }
  const schema = schemaOf(answer, 'output');
  return { description: 'Done', content: { 'application/json': { schema } } };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return rest;
}
