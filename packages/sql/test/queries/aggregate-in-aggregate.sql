-- error MISPLACED_AGGREGATE
SELECT sum(max(priority)) AS a FROM STREAM s GROUP BY window(time, '5 seconds')
