-- CASE, AND, OR and coalesce compute only what counts
INSERT INTO t
SELECT CASE WHEN body RLIKE '^[0-9]+$' THEN CAST(body AS INT) ELSE -1 END AS n,
       body = 'x' OR CAST(body AS INT) > 1 AS more, coalesce(try_cast(body AS INT), length(body) / 0) AS c
FROM STREAM s WHERE body <> 'y' AND (body = 'x' OR CAST(body AS INT) >= 0) AND body <> 'x'
-- input
{"time": 1, "body": "x"}
{"time": 2, "body": "y"}
{"time": 3, "body": "12"}
-- output
{"address":"t","contentType":"application/json","body":"{\"n\":12,\"more\":true,\"c\":12.0}"}
{"rowsIn":3,"rowsOut":1}
