-- a row a message: filter, routing by the column address, message columns, NULLs
INSERT INTO alarms
SELECT body, CASE WHEN try_cast(body AS INT) > 100 THEN 'urgent' END AS address, subject, priority, ttl,
       content_type, creation_time, durable, map_concat(properties, map('from', address)) AS properties
FROM STREAM s WHERE try_cast(body AS INT) > 80 OR body IS NULL
-- input
{"time": 1, "body": "80"}
{"time": 2, "body": "81", "subject": "hot", "creation_time": 1767225600123, "priority": 4, "durable": true}
{"time": 3, "body": "101", "ttl": 5000, "properties": {"a": "b"}, "durable": false, "priority": 9}
{"time": 4, "body": "none"}
{"time": 5, "body": null, "durable": false, "priority": 0}
-- output
{"address":"alarms","properties":{"from":"source"},"subject":"hot","priority":4,"creationTimeMs":1767225600123,"durable":true,"body":"81"}
{"address":"urgent","properties":{"a":"b","from":"source"},"priority":9,"ttlMs":5000,"durable":false,"body":"101"}
{"address":"alarms","properties":{"from":"source"},"priority":0,"durable":false,"body":null}
{"rowsIn":5,"rowsOut":3}
