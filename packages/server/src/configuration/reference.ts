/** The table of docs/reference/configuration.md, from the settings and the defaults of the schema. */
import { configurationSchema } from './schema.js';
import { SETTINGS, valueAt, variableOf } from './settings.js';

export function settingsTable(): string {
  const defaults: unknown = configurationSchema.parse({});
  const rows = SETTINGS.map((setting) => {
    const value = valueAt(defaults, setting.path);
    const shown = value === undefined ? 'none' : `\`${JSON.stringify(value)}\``;
    const given = [`\`${variableOf(setting)}\``, ...(setting.flag === undefined ? [] : [`\`${setting.flag}\``])];
    return `| \`${setting.path}\` | ${setting.means} | ${shown} | ${given.join(', ')} | ${setting.changes} |`;
  });
  return `| setting | means | default | or by | changes |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}
