-- error BAD_GROUP
SELECT count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds'), window(time, '10 seconds')
