-- error TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH
SELECT sum(durable) AS a, avg(time) AS b, max(properties) AS c, count_if(priority) AS d FROM STREAM s GROUP BY window(time, '5 seconds')
