-- Windows that overlap.
INSERT INTO `engine/04-sliding`
SELECT window.start AS start, window.end AS `end`, count(*) AS messages, max(try_cast(body AS INT)) AS high
FROM STREAM temperature
GROUP BY window(time, '4 seconds', '2 seconds')
