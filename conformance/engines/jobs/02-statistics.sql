-- All aggregates, as a JSON object. No value is in a window of bad bodies alone.
INSERT INTO `engine/02-statistics`
SELECT window.start AS start, count(*) AS messages, count(try_cast(body AS INT)) AS readings, min(try_cast(body AS INT)) AS low,
       max(try_cast(body AS INT)) AS high, sum(try_cast(body AS INT)) AS total, avg(try_cast(body AS INT)) AS average,
       max(body) AS last_text
FROM STREAM temperature
GROUP BY window(time, '3 seconds')
