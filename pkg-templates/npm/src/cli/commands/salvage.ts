/** `lodestore salvage`. */

import type { SalvageReport } from '../../index.node.js';
import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { bytesText, count } from '../text.js';

export const salvage: Command = {
  name: 'salvage',
  summary: 'open what can be read of a damaged database',
  description: [
    'For a database that is refused with Corrupt. Keeps every row that verifies, never invents one, says what is gone (row groups with their ids where these can be read, and ranges of lost writes), and keeps the damaged files aside as they were. The database is whole afterwards and opens as ever.',
    'A database that opens is left as it is. If there is a backup that is recent enough, restore --replace gives everything back instead.',
  ],
  args: [NAME],
  options: DATABASE_OPTIONS,
  examples: [['lodestore salvage notes --json > salvage.json', 'save what can be, and keep the report']],
  failure: 'something is gone (the report says what), or nothing could be opened',
  run: (call) =>
    withDatabase(call, argument(call.args, 0), { salvage: true }, async (db) => {
      const { salvage: report, rows } = db.openReport;
      const lost = report !== undefined && (report.groups.length > 0 || report.lost.length > 0);
      const lines =
        report === undefined
          ? [`The database opens: nothing to salvage. ${count(rows, 'row')}.`]
          : salvageLines(report, rows);
      return { ok: !lost, result: { salvaged: report !== undefined, rows, salvage: report ?? null }, lines };
    }),
};

function salvageLines(report: SalvageReport, rows: number): string[] {
  return [
    `It did not open: ${report.cause}`,
    `${count(rows, 'row')} kept${report.snapshot === null ? '' : `, from snapshot ${report.snapshot}`}.`,
    ...report.collections.map((one) => `  ${one.name}: ${count(one.rows, 'row')}`),
    ...report.groups.map(({ collection, group, rows, reason, ids }) => {
      const some =
        ids.length === 0 ? '' : `; ids ${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ', ...' : ''}`;
      return `gone: row group ${group} of ${collection}, ${rows === null ? 'an unknown number of rows' : count(rows, 'row')}: ${reason}${some}`;
    }),
    ...report.lost.map(
      ({ fromSeq, toSeq, bytes, reason }) =>
        `lost: writes from ${fromSeq}${toSeq === null ? ' on' : ` to ${toSeq}`}, ${bytesText(bytes)} of log: ${reason}`,
    ),
    ...(report.moreLost > 0 ? [`and ${count(report.moreLost, 'more range')} of lost writes`] : []),
    ...report.files.map((file) => `kept aside: ${file.name}, ${bytesText(file.bytes)}`),
  ];
}
