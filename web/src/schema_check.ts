// Checks the page's data against web/schema/study.schema.json and says the first thing that is wrong in plain words.
// An own reader of the rules that this schema uses: ajv's generated code for it is 107 kB, as much as the whole page;
// this is 2 kB and the schema. The tests hold the two to the same answers, and refuse a rule that is not read here.

type Rule = {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Rule>;
  additionalProperties?: Rule;
  items?: Rule;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  anyOf?: Rule[];
  $ref?: string;
  definitions?: Record<string, Rule>;
};
export interface Fault {
  where: string; // "points[3].energy_j.value"
  what: string; // "is text, and should be a number"
}

const kNames: Record<string, string> = { object: 'a group of named values', array: 'a list', string: 'text', number: 'a number', integer: 'a whole number', boolean: 'true or false', null: 'absent (null)' };

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
const fits = (value: unknown, type: string) => (type === 'integer' ? Number.isInteger(value) : type === typeOf(value) && !(type === 'number' && !Number.isFinite(value)));

function listed(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
const under = (where: string, key: string) => (/^[A-Za-z_]\w*$/.test(key) ? `${where}${where && '.'}${key}` : `${where}[${JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key)}]`);

class Checker {
  constructor(private readonly root: Rule) {}

  check(value: unknown, rule: Rule, where: string): Fault | null {
    if (rule.$ref) return this.check(value, this.root.definitions![rule.$ref.slice('#/definitions/'.length)]!, where);
    if (rule.anyOf) {
      const faults = rule.anyOf.map((one) => this.check(value, one, where));
      return faults.includes(null) ? null : faults.find((fault) => fault!.where !== where) ?? faults[0]!;
    }
    const types = rule.type === undefined ? [] : [rule.type].flat();
    if (types.length && !types.some((type) => fits(value, type))) return { where, what: `is ${kNames[typeOf(value)] ?? typeof value}, and should be ${listed(types.map((type) => kNames[type]!))}` };
    if (rule.const !== undefined && value !== rule.const) return { where, what: `is ${JSON.stringify(value)?.slice(0, 60)}, and should be ${JSON.stringify(rule.const)}` };
    if (rule.enum && !rule.enum.includes(value)) return { where, what: `is ${JSON.stringify(value)?.slice(0, 60)}, and should be ${listed(rule.enum.map((one) => JSON.stringify(one)))}` };
    if (rule.minimum !== undefined && typeof value === 'number' && value < rule.minimum) return { where, what: `is ${value}, below ${rule.minimum}` };
    if (Array.isArray(value)) return this.list(value, rule, where);
    return typeOf(value) === 'object' ? this.group(value as Record<string, unknown>, rule, where) : null;
  }

  private list(values: unknown[], rule: Rule, where: string): Fault | null {
    if (values.length < (rule.minItems ?? 0) || values.length > (rule.maxItems ?? Infinity)) return { where, what: `has ${values.length} entries, and should have ${rule.minItems ?? 0} to ${rule.maxItems ?? 'any number of'}` };
    if (!rule.items) return null;
    for (let i = 0; i < values.length; ++i) {
      const fault = this.check(values[i], rule.items, `${where}[${i}]`);
      if (fault) return fault;
    }
    return null;
  }

  private group(values: Record<string, unknown>, rule: Rule, where: string): Fault | null {
    for (const key of rule.required ?? []) if (!Object.hasOwn(values, key)) return { where: under(where, key), what: 'is missing' };
    for (const key of Object.keys(values)) {
      const of = (rule.properties && Object.hasOwn(rule.properties, key) ? rule.properties[key] : undefined) ?? rule.additionalProperties;
      const fault = of ? this.check(values[key], of, under(where, key)) : null;
      if (fault) return fault;
    }
    return null;
  }
}

export const kRulesRead = ['$id', '$ref', '$schema', 'additionalProperties', 'anyOf', 'const', 'definitions', 'description', 'enum', 'items', 'maxItems', 'minItems', 'minimum', 'properties', 'required', 'title', 'type'];

export function firstFault(data: unknown, schema: object): Fault | null {
  return new Checker(schema as Rule).check(data, schema as Rule, '');
}
