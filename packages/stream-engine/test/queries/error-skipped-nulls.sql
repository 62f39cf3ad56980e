-- a filter after failed rows: NULLs of the other columns stay where they are
-- onError: skip
INSERT INTO t SELECT CAST(body AS INT) AS n, subject AS s FROM STREAM s WHERE CAST(body AS INT) < 10
-- input
{"time": 1, "body": "x", "subject": "failed"}
{"time": 2, "body": "1"}
{"time": 3, "body": "11", "subject": "too much"}
{"time": 4, "body": "2", "subject": "b"}
{"time": 5, "body": "3"}
-- output
{"address":"t","contentType":"application/json","body":"{\"n\":1}"}
{"address":"t","contentType":"application/json","body":"{\"n\":2,\"s\":\"b\"}"}
{"address":"t","contentType":"application/json","body":"{\"n\":3}"}
{"rowsIn":5,"rowsOut":3,"rowsFailed":1}
