-- skipping leaves the failed rows out, wherever they fail
-- onError: skip
INSERT INTO t SELECT 10 / CAST(body AS INT) AS n FROM STREAM s WHERE CAST(body AS INT) < 100
-- input
{"time": 1, "body": "2"}
{"time": 2, "body": "x"}
{"time": 3, "body": "0"}
{"time": 4, "body": null}
{"time": 5, "body": "200"}
{"time": 6, "body": "4"}
-- output
{"address":"t","contentType":"application/json","body":"{\"n\":5.0}"}
{"address":"t","contentType":"application/json","body":"{\"n\":2.5}"}
{"rowsIn":6,"rowsOut":2,"rowsFailed":2}
