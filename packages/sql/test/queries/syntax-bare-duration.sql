-- error SYNTAX
SELECT count(*) AS n FROM STREAM s GROUP BY window(time, 5 seconds)
