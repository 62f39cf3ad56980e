/** Options of sources and sinks as they are written: Spark parses them. */
export type OptionValue = string | number | boolean;

export function optionTexts(options: Readonly<Record<string, OptionValue>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
}
