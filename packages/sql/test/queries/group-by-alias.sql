-- plan
SELECT upper(subject) AS u, count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds'), u
