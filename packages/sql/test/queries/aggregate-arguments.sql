-- error ARGUMENT_COUNT ARGUMENT_COUNT ARGUMENT_COUNT
SELECT count(body, subject) AS a, sum(*) AS b, max() AS c FROM STREAM s GROUP BY window(time, '5 seconds')
