-- error TOO_LARGE
SELECT count(*) AS n FROM STREAM s GROUP BY window(time, '1 day', '1 second')
