-- error UNSUPPORTED
SELECT count(DISTINCT subject) AS a FROM STREAM s GROUP BY window(time, '5 seconds')
