-- Windows over an event time that the text names.
INSERT INTO `engine/14-event-time`
SELECT window.start AS start, count(*) AS n, max(try_cast(get_json_object(body, '$.celsius') AS DOUBLE)) AS high
FROM STREAM readings WATERMARK to_timestamp(get_json_object(body, '$.measured')) AS at DELAY OF INTERVAL 20 SECONDS
GROUP BY window(at, '10 seconds')
