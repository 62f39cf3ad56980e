-- A topic filter as the source, grouped by the concrete topic.
INSERT INTO `engine/06-topic-filter`
SELECT address AS device, window.start AS start, count(*) AS n, avg(try_cast(body AS DOUBLE)) AS average
FROM STREAM `devices/+/temperature`
GROUP BY window(time, '2 seconds'), address
