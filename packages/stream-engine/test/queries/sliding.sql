-- windows of 10 seconds each 4 seconds: panes of 2 seconds, each row in two or three windows
INSERT INTO counts
SELECT window.start AS start, window.end AS end, sum(CAST(body AS INT)) AS total, min(body) AS least, avg(CAST(body AS INT)) AS mean
FROM STREAM s GROUP BY window(time, '10 seconds', '4 seconds')
-- input
{"time": 1000, "body": "1"}
{"time": 3000, "body": "2"}
{"time": 5000, "body": "4"}
{"time": 9000, "body": "8"}
{"time": 30000, "body": "16"}
100000
-- output
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1969-12-31T23:59:52.000Z\",\"end\":\"1970-01-01T00:00:02.000Z\",\"total\":1,\"least\":\"1\",\"mean\":1.0}"}
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1969-12-31T23:59:56.000Z\",\"end\":\"1970-01-01T00:00:06.000Z\",\"total\":7,\"least\":\"1\",\"mean\":2.3333333333333335}"}
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:00.000Z\",\"end\":\"1970-01-01T00:00:10.000Z\",\"total\":15,\"least\":\"1\",\"mean\":3.75}"}
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:04.000Z\",\"end\":\"1970-01-01T00:00:14.000Z\",\"total\":12,\"least\":\"4\",\"mean\":6.0}"}
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:08.000Z\",\"end\":\"1970-01-01T00:00:18.000Z\",\"total\":8,\"least\":\"8\",\"mean\":8.0}"}
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:24.000Z\",\"end\":\"1970-01-01T00:00:34.000Z\",\"total\":16,\"least\":\"16\",\"mean\":16.0}"}
{"address":"counts","contentType":"application/json","body":"{\"start\":\"1970-01-01T00:00:28.000Z\",\"end\":\"1970-01-01T00:00:38.000Z\",\"total\":16,\"least\":\"16\",\"mean\":16.0}"}
{"rowsIn":5,"rowsOut":7}
