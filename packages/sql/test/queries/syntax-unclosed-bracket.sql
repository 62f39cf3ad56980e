-- error SYNTAX
SELECT max(CAST(body AS INT) AS m FROM STREAM s GROUP BY window(time, '5 seconds')
