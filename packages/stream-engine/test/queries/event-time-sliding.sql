-- a late row still counts in those of its windows that are open
INSERT INTO averages
SELECT window.start AS start, count(*) AS rows
FROM STREAM readings WATERMARK creation_time DELAY OF INTERVAL 0 SECONDS
GROUP BY window(creation_time, '10 seconds', '5 seconds')
-- input
{"time": 1, "creation_time": 1000}
{"time": 2, "creation_time": 6000}
{"time": 3, "creation_time": 10000}
{"time": 4, "creation_time": 7000}
{"time": 5, "creation_time": 15000}
{"time": 6, "creation_time": 9000}
{"time": 7, "creation_time": 40000}
-- output
{"address":"averages","contentType":"application/json","body":"{\"start\":\"1969-12-31T23:59:55.000Z\",\"rows\":1}"}
{"address":"averages","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:00.000Z\",\"rows\":2}"}
{"address":"averages","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:05.000Z\",\"rows\":3}"}
{"address":"averages","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:10.000Z\",\"rows\":2}"}
{"address":"averages","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:15.000Z\",\"rows\":1}"}
{"rowsIn":7,"rowsOut":5,"rowsLate":1}
