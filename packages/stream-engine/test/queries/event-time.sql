-- windows over an event time close by later events, not by the clock; a row behind its closed window is late
INSERT INTO averages
SELECT window.start AS start, count(*) AS rows
FROM STREAM readings
     WATERMARK to_timestamp(get_json_object(body, '$.at')) AS measured DELAY OF INTERVAL 2 SECONDS
GROUP BY window(measured, '10 seconds')
-- input
{"time": 1, "body": "{\"at\":\"2026-01-01 00:00:01\"}"}
{"time": 2, "body": "{\"at\":\"2026-01-01 00:00:11\"}"}
{"time": 3, "body": "{\"at\":\"2026-01-01 00:00:09\"}"}
{"time": 4, "body": "{\"at\":\"2026-01-01 00:00:12\"}"}
{"time": 5, "body": "{\"at\":\"2026-01-01 00:00:09.5\"}"}
{"time": 6, "body": "{\"at\":null}"}
{"time": 7, "body": "{\"at\":\"2026-01-01 00:00:13\"}"}
9999999
{"time": 10000000, "body": "{\"at\":\"2026-01-01 00:00:22\"}"}
-- output
{"address":"averages","contentType":"application/json","body":"{\"start\":\"2026-01-01T00:00:00.000Z\",\"rows\":2}"}
{"address":"averages","contentType":"application/json","body":"{\"start\":\"2026-01-01T00:00:10.000Z\",\"rows\":3}"}
{"rowsIn":8,"rowsOut":2,"rowsLate":1}
