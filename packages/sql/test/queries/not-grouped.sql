-- error NOT_GROUPED
SELECT body, count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds'), address
