-- a window contains its start and not its end; windows without rows give nothing; the clock closes the last one
INSERT INTO counts
SELECT window.start AS start, count(*) AS rows FROM STREAM s GROUP BY window(time, '10 seconds')
-- input
{"time": 0}
{"time": 9999}
{"time": 10000}
{"time": 59999}
59999
60000
60001
-- output
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:00.000Z\",\"rows\":2}"}
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:10.000Z\",\"rows\":1}"}
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:50.000Z\",\"rows\":1}"}
{"rowsIn":4,"rowsOut":3}
