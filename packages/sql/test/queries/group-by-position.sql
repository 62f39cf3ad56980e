-- plan
SELECT upper(subject) AS u, window(time, '5 seconds') AS w, count(*) AS n FROM STREAM s GROUP BY 2, 1
