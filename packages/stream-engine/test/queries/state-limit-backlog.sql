-- a batch that spans windows never holds more than the open one
-- stateRowsMax: 2
INSERT INTO t SELECT body AS k, count(*) AS n FROM STREAM s GROUP BY window(time, '1 second'), body
-- input
{"time": 1, "body": "a"}
{"time": 2, "body": "b"}
{"time": 1003, "body": "c"}
{"time": 1004, "body": "d"}
{"time": 2005, "body": "e"}
3000
-- output
{"address":"t","contentType":"application/json","body":"{\"k\":\"a\",\"n\":1}"}
{"address":"t","contentType":"application/json","body":"{\"k\":\"b\",\"n\":1}"}
{"address":"t","contentType":"application/json","body":"{\"k\":\"c\",\"n\":1}"}
{"address":"t","contentType":"application/json","body":"{\"k\":\"d\",\"n\":1}"}
{"address":"t","contentType":"application/json","body":"{\"k\":\"e\",\"n\":1}"}
{"rowsIn":5,"rowsOut":5}
