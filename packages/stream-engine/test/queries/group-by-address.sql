-- one group for each concrete topic of a filter, in order of first appearance; HAVING leaves small ones out
INSERT INTO counts
SELECT address AS device, count(*) AS rows, max(CAST(body AS DOUBLE)) AS highest
FROM STREAM `devices/+/temperature`
GROUP BY window(time, '5 seconds'), address
HAVING count(*) > 1
-- input
{"time": 1, "address": "devices/b/temperature", "body": "1.5"}
{"time": 2, "address": "devices/a/temperature", "body": "2"}
{"time": 3, "address": "devices/b/temperature", "body": "0.5"}
{"time": 4, "address": "devices/c/temperature", "body": "9"}
{"time": 5, "address": "devices/a/temperature", "body": "-2"}
{"time": 6000, "address": "devices/c/temperature", "body": "1"}
{"time": 6001, "address": "devices/c/temperature", "body": "NaN"}
10000
-- output
{"address":"counts","contentType":"application/json","body":"{\"device\":\"devices/b/temperature\",\"rows\":2,\"highest\":1.5}"}
{"address":"counts","contentType":"application/json","body":"{\"device\":\"devices/a/temperature\",\"rows\":2,\"highest\":2.0}"}
{"address":"counts","contentType":"application/json","body":"{\"device\":\"devices/c/temperature\",\"rows\":2,\"highest\":\"NaN\"}"}
{"rowsIn":7,"rowsOut":3}
