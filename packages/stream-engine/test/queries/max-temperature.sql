-- the main job: maximum and count of each 5 seconds; a body that is no number counts as a reading, not as a value
INSERT INTO max
SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body,
       map('window_start', CAST(window.start AS STRING), 'window_end', CAST(window.end AS STRING),
           'readings', CAST(count(*) AS STRING)) AS properties
FROM STREAM temperature
GROUP BY window(time, '5 seconds')
-- input
{"time": 1000, "body": "20"}
{"time": 1000, "body": "-3"}
{"time": 4999, "body": "twenty"}
{"time": 5000, "body": " 19 "}
{"time": 12000, "body": "n/a"}
15000
-- output
{"address":"max","properties":{"window_start":"1970-01-01 00:00:00","window_end":"1970-01-01 00:00:05","readings":"3"},"body":"20"}
{"address":"max","properties":{"window_start":"1970-01-01 00:00:05","window_end":"1970-01-01 00:00:10","readings":"1"},"body":"19"}
{"address":"max","properties":{"window_start":"1970-01-01 00:00:10","window_end":"1970-01-01 00:00:15","readings":"1"},"body":null}
{"rowsIn":5,"rowsOut":3}
