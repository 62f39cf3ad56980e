-- keys of several types, with NULL, NaN and both zeros
INSERT INTO counts
SELECT try_cast(body AS DOUBLE) AS number, properties['room'] AS room, durable AS kept, count(*) AS rows
FROM STREAM s GROUP BY window(time, '5 seconds'), try_cast(body AS DOUBLE), properties['room'], durable
-- input
{"time": 1, "body": "0", "properties": {"room": "a"}, "durable": true}
{"time": 1, "body": "-0", "properties": {"room": "a"}, "durable": true}
{"time": 1, "body": "x", "properties": {}, "durable": true}
{"time": 1, "body": "NaN", "properties": {"room": "ä"}, "durable": false}
{"time": 1, "body": "nan", "properties": {"room": "ä"}, "durable": false}
{"time": 1, "body": null, "properties": {}, "durable": true}
{"time": 1, "body": "0", "properties": {"room": ""}, "durable": true}
5000
-- output
{"address":"counts","contentType":"application/json","body":"{\"number\":0.0,\"room\":\"a\",\"kept\":true,\"rows\":2}"}
{"address":"counts","contentType":"application/json","body":"{\"kept\":true,\"rows\":2}"}
{"address":"counts","contentType":"application/json","body":"{\"number\":\"NaN\",\"room\":\"ä\",\"kept\":false,\"rows\":2}"}
{"address":"counts","contentType":"application/json","body":"{\"number\":0.0,\"room\":\"\",\"kept\":true,\"rows\":1}"}
{"rowsIn":7,"rowsOut":4}
