-- skipping drops the one result that cannot be computed
-- onError: skip
INSERT INTO t
SELECT address AS a, sum(CAST(body AS BIGINT)) AS total FROM STREAM s GROUP BY window(time, '1 second'), address
-- input
{"time": 0, "address": "x", "body": "9223372036854775807"}
{"time": 1, "address": "y", "body": "2"}
{"time": 2, "address": "x", "body": "1"}
2000
-- output
{"address":"t","contentType":"application/json","body":"{\"a\":\"y\",\"total\":2}"}
{"rowsIn":3,"rowsOut":1,"rowsFailed":1}
