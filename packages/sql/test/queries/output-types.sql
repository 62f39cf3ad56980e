-- error OUTPUT_TYPE OUTPUT_TYPE OUTPUT_TYPE OUTPUT_TYPE OUTPUT_TYPE
INSERT INTO t SELECT body, body AS properties, 5L AS priority, time AS ttl, 1 AS address, 'x' AS durable FROM STREAM s
