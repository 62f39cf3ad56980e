-- plan
SELECT count(*) AS n FROM STREAM s GROUP BY window(time, '1 minute 30 seconds', '0.5 seconds')
