/**
 * `/openapi.json` (OpenAPI 3.1), made from the table of routes at the first request. zod turns its own schemas into JSON
 * Schema, so nothing more is loaded for it at the start.
 */
import { z } from 'zod';
import { ANSWER_SCHEMAS, REQUEST_SCHEMAS } from './openapi-schemas.js';
import type { QueryParameter, Route } from './route.js';

export function openApiOf(routes: readonly Route[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    paths[route.path] = operations;
    operations[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Millrace', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
    security: [{ basic: [] }, { bearer: [] }],
  };
}

/** Where there are no users everybody is let in, whatever is sent. */
const SECURITY_SCHEMES = {
  basic: { type: 'http', scheme: 'basic' },
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
} as const;

function operationOf(route: Route): unknown {
  return {
    operationId: route.operation,
    summary: route.summary,
    ...(route.open === true ? { security: [] } : {}),
    parameters: parametersOf(route),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: requestContent(route.body) } }),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)])),
      default: {
        description: 'what went wrong (RFC 9457)',
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    },
  };
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'the same request again gets the same answer, and is not done again',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
} as const;

function parametersOf({ path, query = [], headers = [], idempotent }: Route): readonly unknown[] {
  const inPath = ['name', 'id']
    .filter((name) => path.includes(`{${name}}`))
    .map((name) => ({ name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } }));
  const inQuery = query.map((parameter) => ({
    name: parameter.name,
    in: 'query',
    description: parameter.summary,
    required: parameter.required === true,
    schema: parameter.repeated === true ? oneOrSeveral(schemaOf(parameter)) : given(schemaOf(parameter)),
  }));
  const inHeader = headers.map(({ name, summary }) => ({
    name,
    in: 'header',
    description: summary,
    schema: { type: 'string' },
  }));
  return [...inPath, ...inQuery, ...inHeader, ...(idempotent === true ? [IDEMPOTENCY_KEY] : [])];
}

/** In a query one is written as several are. */
function oneOrSeveral(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { anyOf: [schema, { type: 'array', items: schema }] };
}

/** `?force` is `?force=true`. */
function given(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return schema.type === 'boolean' ? { anyOf: [schema, { type: 'string', maxLength: 0 }] } : schema;
}

function schemaOf({ type, range, allowed, pattern }: QueryParameter): Readonly<Record<string, unknown>> {
  return {
    type,
    ...(range === undefined ? {} : { minimum: range.least, maximum: range.most }),
    ...(allowed === undefined ? {} : { enum: allowed }),
    ...(pattern === undefined ? {} : { pattern }),
  };
}

function requestContent(body: NonNullable<Route['body']>): unknown {
  const entries = Object.entries(body).map(([mediaType, schema]) => {
    const known = schema === undefined ? undefined : REQUEST_SCHEMAS.get(schema);
    return [mediaType, known === undefined ? {} : { schema: reference(known) }];
  });
  return Object.fromEntries(entries);
}

function answerOf({ summary, schema, mediaType }: Route['answers'][number]): unknown {
  if (schema === undefined && mediaType === undefined) return { description: summary };
  const content = { [mediaType ?? 'application/json']: schema === undefined ? {} : { schema: reference(schema) } };
  return { description: summary, content };
}

function componentSchemas(): Record<string, unknown> {
  const schemas: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(ANSWER_SCHEMAS)) schemas[name] = jsonSchema(schema, 'output');
  for (const [schema, name] of REQUEST_SCHEMAS) schemas[name] = jsonSchema(schema, 'input');
  return schemas;
}

/** What a transform gives cannot be described by zod: in our schemas it is always a number. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: described }) => {
      if (zodSchema._zod.def.type === 'transform') described.type = 'number';
    },
  });
  return described;
}

function reference(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
