-- a subquery's columns, an alias, WHERE on both levels
INSERT INTO alarms
SELECT concat(device, ' is at ', CAST(celsius AS STRING)) AS body, 9 AS priority
FROM (SELECT get_json_object(body, '$.device') AS device, try_cast(get_json_object(body, '$.celsius') AS DECIMAL(5, 2)) AS celsius
      FROM STREAM readings WHERE body LIKE '%celsius%')
WHERE celsius > 80
-- input
{"time": 1, "body": "{\"device\":\"a\",\"celsius\":80.5}"}
{"time": 2, "body": "{\"device\":\"b\",\"celsius\":79}"}
{"time": 3, "body": "{\"device\":\"c\"}"}
{"time": 4, "body": "{\"celsius\":99}"}
-- output
{"address":"alarms","priority":9,"body":"a is at 80.50"}
{"address":"alarms","priority":9,"body":null}
{"rowsIn":4,"rowsOut":2}
