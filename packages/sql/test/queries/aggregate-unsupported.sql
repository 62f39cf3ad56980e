-- error UNSUPPORTED
SELECT stddev(priority) AS a FROM STREAM s GROUP BY window(time, '5 seconds')
