-- plan
SELECT max(priority) AS m, m + 1 AS n FROM STREAM s GROUP BY window(time, '5 seconds') HAVING n > 2 AND min(priority) < 5
