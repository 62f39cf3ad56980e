/**
 * The conditions by which listings and messages are chosen: `FIELD OPERATOR VALUE` without blanks around the operator, such
 * as `stored>100`, `type=queue` or `body~error`. A text without an operator is looked for in the name. Several must all hold.
 */

export const FILTER_OPERATORS = ['!=', '!~', '>=', '<=', '=', '~', '>', '<'] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];

export interface FilterCondition {
  /** Undefined: the name. */
  readonly field: string | undefined;
  readonly operator: FilterOperator;
  readonly value: string;
}

export type FilterValue = string | number | boolean | undefined;

/** A field's own name, and for one that holds many, such as `properties`, the key. */
const CONDITION = /^([A-Za-z][A-Za-z0-9]*(?:\.[^=~<>!]+)?)(!=|!~|>=|<=|=|~|>|<)(.*)$/s;

export function parseFilter(text: string): FilterCondition {
  const [, field, operator, value] = CONDITION.exec(text) ?? [];
  if (field === undefined || operator === undefined) return { field: undefined, operator: '~', value: text };
  return { field, operator: operator as FilterOperator, value: value ?? '' };
}

/** `~` is "contains", in any case of letters. Texts are compared as such: ISO times are then in order. */
export function meets(found: FilterValue, { operator, value }: FilterCondition): boolean {
  switch (operator) {
    case '=':
      return isEqual(found, value);
    case '!=':
      return !isEqual(found, value);
    case '~':
      return contains(found, value);
    case '!~':
      return !contains(found, value);
    default:
      return found !== undefined && compares(found, operator, value);
  }
}

/** Whether a number can be compared with this text. */
export function isNumeric(value: string): boolean {
  return value.trim() !== '' && Number.isFinite(Number(value));
}

function isEqual(found: FilterValue, value: string): boolean {
  if (typeof found === 'number') return isNumeric(value) && found === Number(value);
  return found !== undefined && String(found) === value;
}

function contains(found: FilterValue, value: string): boolean {
  return found !== undefined && String(found).toLowerCase().includes(value.toLowerCase());
}

function compares(found: string | number | boolean, operator: '>' | '>=' | '<' | '<=', value: string): boolean {
  const wanted = typeof found === 'number' ? Number(value) : value;
  const shown = typeof found === 'boolean' ? String(found) : found;
  switch (operator) {
    case '>':
      return shown > wanted;
    case '>=':
      return shown >= wanted;
    case '<':
      return shown < wanted;
    default:
      return shown <= wanted;
  }
}
