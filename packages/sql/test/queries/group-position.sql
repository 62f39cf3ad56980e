-- error BAD_GROUP BAD_GROUP
SELECT address, count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds'), 3, 2
