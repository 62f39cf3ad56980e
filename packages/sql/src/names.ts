import type { CheckContext } from './context.js';
import type { Expression, Field, Span } from './plan.js';
import { MESSAGE_FIELDS } from './row-schema.js';

/** What names mean: layers of columns and aliases that are asked one after the other. Names know no case. */

export type NameResult =
  | { readonly kind: 'found'; readonly expression: Expression }
  /** Found, but wrong in itself; already reported. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'none' };

export interface NameLayer {
  /** Names that may stand before a dot: an alias, or the address. */
  readonly qualifiers: readonly string[];
  find(name: string, span: Span): NameResult;
  /** For suggestions. */
  names(): readonly string[];
}

/** A layer that also knows its columns in order, for `*`. */
export interface RelationNames extends NameLayer {
  columns(span: Span): readonly { readonly name: string; readonly expression: Expression }[];
}

export function sameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

const NONE: NameResult = { kind: 'none' };

/** The columns of a source. Only what is asked for gets into the source's output: the list grows as names are found. */
export function sourceNames(address: string, extra: readonly Field[], output: Field[]): RelationNames {
  const all = [
    ...MESSAGE_FIELDS,
    ...extra.filter(({ name }) => !MESSAGE_FIELDS.some((field) => sameName(field.name, name))),
  ];
  const use = (field: Field, span: Span): Expression => {
    let index = output.indexOf(field);
    if (index < 0) index = output.push(field) - 1;
    return { kind: 'column', index, field, span };
  };
  return {
    qualifiers: [address],
    find: (name, span) => {
      const field = all.find((candidate) => sameName(candidate.name, name));
      return field === undefined ? NONE : { kind: 'found', expression: use(field, span) };
    },
    names: () => all.map(({ name }) => name),
    columns: (span) => all.map((field) => ({ name: field.name, expression: use(field, span) })),
  };
}

/** The columns of a subquery. */
export function outputNames(fields: readonly Field[]): RelationNames {
  const columnAt = (field: Field, index: number, span: Span): Expression => ({ kind: 'column', index, field, span });
  return {
    qualifiers: [],
    find: (name, span) => {
      const indexes = fields.flatMap((field, index) => (sameName(field.name, name) ? [index] : []));
      const [index, another] = indexes;
      if (another !== undefined) return { kind: 'ambiguous' };
      const field = index === undefined ? undefined : fields[index];
      return field === undefined || index === undefined
        ? NONE
        : { kind: 'found', expression: columnAt(field, index, span) };
    },
    names: () => fields.map(({ name }) => name),
    columns: (span) => fields.map((field, index) => ({ name: field.name, expression: columnAt(field, index, span) })),
  };
}

/** The same columns under other qualifiers, as an alias makes it. */
export function renamed(names: RelationNames, qualifiers: readonly string[]): RelationNames {
  return { ...names, qualifiers };
}

/** The same columns and one more that is computed from them: what `WATERMARK expression AS name` adds. */
export function extended(names: RelationNames, name: string, expression: Expression): RelationNames {
  return {
    qualifiers: names.qualifiers,
    find: (wanted, span) => {
      const found = names.find(wanted, span);
      if (!sameName(wanted, name)) return found;
      return found.kind === 'none' ? { kind: 'found', expression: { ...expression, span } } : { kind: 'ambiguous' };
    },
    names: () => [...names.names(), name],
    columns: (span) => [...names.columns(span), { name, expression: { ...expression, span } }],
  };
}

/** The extra columns of a source as the catalogue has them. */
export function catalogueFields(context: CheckContext, address: string): readonly Field[] {
  const columns = context.catalogue.columns ?? {};
  const found = Object.hasOwn(columns, address) ? (columns[address] ?? []) : [];
  return found.map(({ name, type, nullable = true }) => ({ name, type, nullable }));
}
