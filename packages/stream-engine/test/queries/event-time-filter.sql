-- rows that WHERE leaves out move the watermark; each other row is judged by the watermark before it
INSERT INTO t
SELECT window.start AS start, count(*) AS rows
FROM STREAM s WATERMARK creation_time DELAY OF INTERVAL 1 SECOND
WHERE body = 'in'
GROUP BY window(creation_time, '5 seconds')
-- input
{"time": 1, "creation_time": 1000, "body": "in"}
{"time": 2, "creation_time": 3000, "body": "out"}
{"time": 3, "creation_time": 4000, "body": "in"}
{"time": 4, "creation_time": 6000, "body": "out"}
{"time": 5, "creation_time": 4500, "body": "in"}
{"time": 6, "creation_time": 7000, "body": "in"}
{"time": 7, "creation_time": 11000, "body": "out"}
-- output
{"address":"t","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:00.000Z\",\"rows\":2}"}
{"address":"t","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:05.000Z\",\"rows\":1}"}
{"rowsIn":7,"rowsOut":2,"rowsLate":1}
