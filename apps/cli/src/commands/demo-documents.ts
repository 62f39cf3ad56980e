/** The documents of examples/max-temperature, in the program because an installed one has no examples beside it. */

const SQL = `INSERT INTO max
SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body,
       map('window_start', CAST(window.start AS STRING), 'window_end', CAST(window.end AS STRING),
           'readings', CAST(count(*) AS STRING)) AS properties
FROM STREAM temperature
GROUP BY window(time, '5 seconds')
`;

const apiVersion = 'millrace.dev/v1';

export const DEMO_ADDRESSES = [
  { apiVersion, kind: 'Address', metadata: { name: 'temperature' }, spec: { type: 'queue' } },
  { apiVersion, kind: 'Address', metadata: { name: 'max' }, spec: { type: 'queue' } },
] as const;

export const DEMO_JOB = { apiVersion, kind: 'Job', metadata: { name: 'max-temperature' }, spec: { sql: SQL } } as const;
