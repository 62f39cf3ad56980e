-- plan
SELECT count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds') HAVING window.start > '2020-01-01'
